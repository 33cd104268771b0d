// The memory behind the write port, with the schedules of its file (docs/top.md).
//
// port_P.bin, read in each reset: lists accept, gap, response; refresh_period, refresh_cycles; number of
// the burst that is answered with an error; the images that may be written: address and words of each.
// port_P.txt, written at the end: "burst ADDRESS WORDS ACCEPTED FIRST LAST RESPONSE" for each burst, "word HEX"
// for each word of the images ("x" if none was written), "NAME N" for each rule: how often it was broken.
module bench_write_memory #(
    parameter int DATA_BITS    = 32,
    parameter int ADDRESS_BITS = 32,
    parameter int BURST_WORDS  = 16,
    parameter int OUTSTANDING  = 1
) (
    input  logic                    clk,
    input  logic                    rst,
    input  logic [63:0]             cycle,
    input  int                      round,
    input  int                      machine,
    input  int                      port,
    input  logic                    finished,
    input  logic                    awid,
    input  logic [ADDRESS_BITS-1:0] awaddr,
    input  logic [7:0]              awlen,
    input  logic [2:0]              awsize,
    input  logic [1:0]              awburst,
    input  logic                    awlock,
    input  logic [3:0]              awcache,
    input  logic [2:0]              awprot,
    input  logic [3:0]              awqos,
    input  logic                    awvalid,
    output logic                    awready,
    input  logic [DATA_BITS-1:0]    wdata,
    input  logic [DATA_BITS/8-1:0]  wstrb,
    input  logic                    wlast,
    input  logic                    wvalid,
    output logic                    wready,
    output logic                    bid,
    output logic [1:0]              bresp,
    output logic                    bvalid,
    input  logic                    bready
);
    localparam int WORD_BYTES = DATA_BITS / 8;

    bus_files::numbers_t accept, gap, response;
    logic [63:0]          refresh_period, refresh_cycles, error_burst;
    logic [63:0]          image_address[$];
    int                   image_words[$];
    int                   image_place[$];
    logic [DATA_BITS-1:0] words[];
    logic                 written[];
    logic                 loaded = 1'b0;

    logic [63:0] waited, accept_now, gap_now;
    int          accept_index, gap_index, response_index;
    int          answered, unanswered;  // bursts
    logic [63:0] responses[$];     // when each that is complete will be answered
    logic [63:0] response_before;
    logic        any_response;
    logic        at_first;
    int          not_taken, outside, twice, partial, wrong_last;

    // Bursts by number: of those announced, and of those whose words have all come.
    logic [63:0]          log_address[$], log_accepted[$], log_first[$], log_last[$], log_response[$];
    int                   log_words[$], sent_words[$];
    logic [DATA_BITS-1:0] sent[$];  // words of bursts that are not complete
    int                   complete, sending;

    logic accepted, refreshing, transferred;
    int   broken, broken_data, misplaced, too_long, too_many, wrong_kind;

    bench_address_channel #(
        .DATA_BITS(DATA_BITS), .ADDRESS_BITS(ADDRESS_BITS), .BURST_WORDS(BURST_WORDS),
        .OUTSTANDING(OUTSTANDING)
    ) channel (
        .clk(clk), .rst(rst), .wait_cycles(accept_now), .unanswered(unanswered),
        .valid(awvalid), .ready(awready), .address(awaddr), .length(awlen), .size(awsize),
        .burst(awburst), .others({awid, awlock, awcache, awprot, awqos}), .accepted(accepted),
        .broken(broken), .misplaced(misplaced), .too_long(too_long), .too_many(too_many),
        .wrong_kind(wrong_kind)
    );
    bench_channel_watch #(.WIDTH(DATA_BITS + DATA_BITS / 8 + 1)) watch (
        .clk(clk), .rst(rst), .valid(wvalid), .ready(wready), .payload({wdata, wstrb, wlast}),
        .broken(broken_data)
    );
    bench_refresh refresh (
        .clk(clk), .rst(rst), .period(refresh_period), .cycles(refresh_cycles),
        .refreshing(refreshing)
    );

    logic [63:0] next_response;  // of the bursts that wait for theirs
    logic        answering;

    assign wready      = waited >= gap_now && !refreshing;
    assign transferred = wvalid && wready;
    assign bvalid      = answering && cycle >= next_response;
    assign bresp       = bvalid && 64'(answered) != error_burst ? 2'b00 : 2'b10;
    assign bid         = !bvalid;

    task automatic load();
        int file, count, total;
        file           = bus_files::open(round, machine, $sformatf("port_%0d.bin", port), "rb");
        accept         = bus_files::numbers(file);
        gap            = bus_files::numbers(file);
        response       = bus_files::numbers(file);
        refresh_period = bus_files::number(file);
        refresh_cycles = bus_files::number(file);
        error_burst    = bus_files::number(file);
        count          = int'(bus_files::number(file));
        total          = 0;
        image_address.delete();
        image_words.delete();
        image_place.delete();
        for (int i = 0; i < count; i++) begin
            image_address.push_back(bus_files::number(file));
            image_words.push_back(int'(bus_files::number(file)));
            image_place.push_back(total);
            total += image_words[$];
        end
        words   = new[total];
        written = new[total];
        for (int i = 0; i < total; i++) written[i] = 1'b0;
        $fclose(file);
    endtask

    task automatic dump();
        int file;
        file = bus_files::open(round, machine, $sformatf("port_%0d.txt", port), "w");
        for (int i = 0; i < log_response.size(); i++)
            $fwrite(file, "burst %0d %0d %0d %0d %0d %0d\n", log_address[i], log_words[i],
                    log_accepted[i], log_first[i], log_last[i], log_response[i]);
        for (int i = 0; i < words.size(); i++)
            if (written[i]) $fwrite(file, "word %h\n", words[i]);
            else $fwrite(file, "word x\n");
        $fwrite(file, "broken %0d\nmisplaced %0d\ntoo_long %0d\ntoo_many %0d\nwrong_kind %0d\n",
                broken + broken_data, misplaced, too_long, too_many, wrong_kind);
        $fwrite(file, "not_taken %0d\noutside %0d\ntwice %0d\npartial %0d\nwrong_last %0d\n",
                not_taken, outside, twice, partial, wrong_last);
        $fwrite(file, "unfinished %0d\n", unanswered + sent.size());
        $fclose(file);
    endtask

    // Writes the words of a burst, of which as many were sent as the last before `wlast` says.
    task automatic store(input logic [63:0] address, input int count, input int came);
        int base = -1;
        for (int i = 0; i < image_address.size(); i++)
            if (address >= image_address[i]
                && address + 64'(count * WORD_BYTES)
                    <= image_address[i] + 64'(image_words[i]) * 64'(WORD_BYTES))
                base = image_place[i] + int'((address - image_address[i]) / 64'(WORD_BYTES));
        if (base < 0) outside <= outside + 1;
        if (came != count) wrong_last <= wrong_last + 1;
        for (int i = 0; i < came; i++) begin
            automatic logic [DATA_BITS-1:0] word = sent.pop_front();
            if (base >= 0 && i < count) begin
                if (written[base+i]) twice <= twice + 1;
                words[base+i]   = word;
                written[base+i] = 1'b1;
            end
        end
    endtask

    always_ff @(posedge clk) begin
        automatic logic [63:0] due;
        automatic int          next_gap = gap_index + 1 == gap.size() ? 0 : gap_index + 1;
        automatic int          next_accept = accept_index + 1 == accept.size() ? 0 : accept_index + 1;
        loaded <= rst;
        if (rst) begin
            if (!loaded) load();
            waited         <= 64'd0;
            accept_index   <= 0;
            accept_now     <= accept[0];
            gap_now        <= gap[0];
            unanswered     <= 0;
            gap_index      <= 0;
            response_index <= 0;
            answered       <= 0;
            complete       <= 0;
            sending        <= 0;
            at_first       <= 1'b1;
            any_response   <= 1'b0;
            answering      <= 1'b0;
            not_taken      <= 0;
            outside        <= 0;
            twice          <= 0;
            partial        <= 0;
            wrong_last     <= 0;
            responses.delete();
            sent.delete();
            sent_words.delete();
            log_address.delete();
            log_accepted.delete();
            log_words.delete();
            log_first.delete();
            log_last.delete();
            log_response.delete();
        end else begin
            unanswered <= unanswered + int'(accepted) - int'(bvalid);
            if (accepted) begin
                accept_index <= next_accept;
                accept_now   <= accept[next_accept];
                log_address.push_back(64'(awaddr));
                log_words.push_back(int'(awlen) + 1);
                log_accepted.push_back(cycle);
            end
            if (transferred) begin
                waited    <= 64'd0;
                gap_index <= next_gap;
                gap_now   <= gap[next_gap];
                at_first  <= wlast;
                sending   <= wlast ? 0 : sending + 1;
                sent.push_back(wdata);
                if (wstrb != '1) partial <= partial + 1;
                if (at_first) log_first.push_back(cycle);
                if (wlast) begin
                    log_last.push_back(cycle);
                    sent_words.push_back(sending + 1);
                end
            end else if (wvalid) waited <= waited + 64'd1;
            // Complete with the later of its address and its last word.
            if (complete < log_address.size() && complete < log_last.size()) begin
                store(log_address[complete], log_words[complete], sent_words[complete]);
                due = cycle + response[response_index];
                if (any_response && due <= response_before) due = response_before + 64'd1;
                response_index  <= response_index + 1 == response.size() ? 0 : response_index + 1;
                response_before <= due;
                any_response    <= 1'b1;
                complete        <= complete + 1;
                responses.push_back(due);
            end
            if (bvalid) begin
                answered <= answered + 1;
                log_response.push_back(cycle);
                if (!bready) not_taken <= not_taken + 1;
            end
            if (!answering || bvalid) begin
                answering <= responses.size() > 0;
                if (responses.size() > 0) next_response <= responses.pop_front();
            end
        end
    end

    always_ff @(posedge finished) dump();
endmodule
