// The memory behind a read port, with the schedules of its file (docs/top.md). While no word is
// offered the data are wrong on purpose.
//
// port_P.bin, read in each reset: lists accept, latency, gap; refresh_period, refresh_cycles; number of
// the word that is answered with an error; the images: for each its address, its words, the words.
// port_P.txt, written at the end: "burst ADDRESS WORDS ACCEPTED FIRST LAST" for each burst, "NAME N" for
// each rule: how often it was broken.
module bench_read_memory #(
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
    input  logic                    arid,
    input  logic [ADDRESS_BITS-1:0] araddr,
    input  logic [7:0]              arlen,
    input  logic [2:0]              arsize,
    input  logic [1:0]              arburst,
    input  logic                    arlock,
    input  logic [3:0]              arcache,
    input  logic [2:0]              arprot,
    input  logic [3:0]              arqos,
    input  logic                    arvalid,
    output logic                    arready,
    output logic                    rid,
    output logic [DATA_BITS-1:0]    rdata,
    output logic [1:0]              rresp,
    output logic                    rlast,
    output logic                    rvalid,
    input  logic                    rready
);
    localparam int WORD_BYTES = DATA_BITS / 8;

    typedef struct {
        int          place;  // of the first word in `words`; -1 if it is in no image
        int          count;
        logic [63:0] due;    // from when the first word may be offered
    } burst_t;

    bus_files::numbers_t accept, latency, gap;
    logic [63:0]          refresh_period, refresh_cycles, error_word;
    logic [63:0]          image_address[$];
    int                   image_words[$];
    int                   image_place[$];  // of its first word
    logic [DATA_BITS-1:0] words[];
    logic                 loaded = 1'b0;

    burst_t               waiting[$];      // accepted, behind the one whose words come
    logic                 active;
    int                   place, left;     // of the word that is next
    logic [63:0]          due;
    logic [DATA_BITS-1:0] word;
    int                   accept_index, latency_index, gap_index;
    logic [63:0]          accept_now;
    int                   unanswered;      // bursts
    logic [63:0]          word_number;
    int                   not_taken, outside;

    logic [63:0] log_address[$], log_accepted[$], log_first[$], log_last[$];
    int          log_words[$];

    logic accepted, refreshing, at_first;
    int   broken, misplaced, too_long, too_many, wrong_kind;

    bench_address_channel #(
        .DATA_BITS(DATA_BITS), .ADDRESS_BITS(ADDRESS_BITS), .BURST_WORDS(BURST_WORDS),
        .OUTSTANDING(OUTSTANDING)
    ) channel (
        .clk(clk), .rst(rst), .wait_cycles(accept_now), .unanswered(unanswered),
        .valid(arvalid), .ready(arready), .address(araddr), .length(arlen), .size(arsize),
        .burst(arburst), .others({arid, arlock, arcache, arprot, arqos}), .accepted(accepted),
        .broken(broken), .misplaced(misplaced), .too_long(too_long), .too_many(too_many),
        .wrong_kind(wrong_kind)
    );
    bench_refresh refresh (
        .clk(clk), .rst(rst), .period(refresh_period), .cycles(refresh_cycles),
        .refreshing(refreshing)
    );

    assign rvalid = active && cycle >= due && !refreshing;
    assign rdata  = rvalid ? word : ~word;
    assign rlast  = rvalid ? left == 1 : left != 1;
    assign rresp  = rvalid && word_number != error_word ? 2'b00 : 2'b10;
    assign rid    = !rvalid;

    task automatic load();
        int                   file;
        logic [DATA_BITS-1:0] each;
        file           = bus_files::open(round, machine, $sformatf("port_%0d.bin", port), "rb");
        accept         = bus_files::numbers(file);
        latency        = bus_files::numbers(file);
        gap            = bus_files::numbers(file);
        refresh_period = bus_files::number(file);
        refresh_cycles = bus_files::number(file);
        error_word     = bus_files::number(file);
        words          = new[int'(bus_files::number(file))];
        image_address.delete();
        image_words.delete();
        image_place.delete();
        for (int i = 0; i < words.size(); i += image_words[$]) begin
            image_address.push_back(bus_files::number(file));
            image_words.push_back(int'(bus_files::number(file)));
            image_place.push_back(i);
            for (int j = i; j < i + image_words[$]; j++) begin
                if ($fread(each, file) != WORD_BYTES) $fatal(1, "an image is too short");
                words[j] = each;
            end
        end
        $fclose(file);
    endtask

    task automatic dump();
        int file;
        file = bus_files::open(round, machine, $sformatf("port_%0d.txt", port), "w");
        for (int i = 0; i < log_last.size(); i++)
            $fwrite(file, "burst %0d %0d %0d %0d %0d\n", log_address[i], log_words[i], log_accepted[i],
                    log_first[i], log_last[i]);
        $fwrite(file, "broken %0d\nmisplaced %0d\ntoo_long %0d\ntoo_many %0d\nwrong_kind %0d\n",
                broken, misplaced, too_long, too_many, wrong_kind);
        $fwrite(file, "not_taken %0d\noutside %0d\nunfinished %0d\n", not_taken, outside,
                unanswered);
        $fclose(file);
    endtask

    // Where a burst lies in `words`, or -1.
    function automatic int place_of(input logic [63:0] address, input int count);
        place_of = -1;
        for (int i = 0; i < image_address.size(); i++)
            if (address >= image_address[i]
                && address + 64'(count * WORD_BYTES)
                    <= image_address[i] + 64'(image_words[i]) * 64'(WORD_BYTES))
                place_of = image_place[i] + int'((address - image_address[i]) / 64'(WORD_BYTES));
    endfunction

    task automatic begin_burst(input burst_t burst);
        active   <= 1'b1;
        at_first <= 1'b1;
        place    <= burst.place;
        left     <= burst.count;
        word     <= burst.place < 0 ? '0 : words[burst.place];
        due      <= burst.due > cycle + 64'd1 ? burst.due : cycle + 64'd1;
    endtask

    always_ff @(posedge clk) begin
        automatic burst_t burst;
        automatic int     next_gap = gap_index + 1 == gap.size() ? 0 : gap_index + 1;
        automatic int     next_accept = accept_index + 1 == accept.size() ? 0 : accept_index + 1;
        loaded <= rst;
        if (rst) begin
            if (!loaded) load();
            active        <= 1'b0;
            unanswered    <= 0;
            accept_index  <= 0;
            accept_now    <= accept[0];
            latency_index <= 0;
            gap_index     <= 0;
            word_number   <= 64'd0;
            not_taken     <= 0;
            outside       <= 0;
            waiting.delete();
            log_address.delete();
            log_accepted.delete();
            log_words.delete();
            log_first.delete();
            log_last.delete();
        end else begin
            unanswered <= unanswered + int'(accepted) - int'(rvalid && rlast);
            if (accepted) begin
                accept_index <= next_accept;
                accept_now   <= accept[next_accept];
                burst.count = int'(arlen) + 1;
                burst.place = place_of(64'(araddr), burst.count);
                burst.due   = cycle + latency[latency_index];
                latency_index <= latency_index + 1 == latency.size() ? 0 : latency_index + 1;
                if (burst.place < 0) outside <= outside + 1;
                log_address.push_back(64'(araddr));
                log_accepted.push_back(cycle);
                log_words.push_back(burst.count);
                waiting.push_back(burst);
            end
            if (rvalid && !rready) not_taken <= not_taken + 1;
            if (rvalid) begin
                gap_index   <= next_gap;
                word_number <= word_number + 64'd1;
                at_first    <= 1'b0;
                place       <= place < 0 ? place : place + 1;
                left        <= left - 1;
                due         <= cycle + 64'd1 + gap[next_gap];
                if (left > 1 && place >= 0) word <= words[place+1];
                if (at_first) log_first.push_back(cycle);
                if (rlast) log_last.push_back(cycle);
            end
            if (!active || (rvalid && rlast)) begin
                if (waiting.size() > 0) begin_burst(waiting.pop_front());
                else active <= 1'b0;
            end
        end
    end

    always_ff @(posedge finished) dump();
endmodule
