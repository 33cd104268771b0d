// A write master writes every word of a job once and in order, obeys AXI4, announces no burst whose
// words are not there, and says that a job is finished when its last response has come.
module write_master_properties #(
    parameter integer BURST_WORDS = 3,
    parameter integer OUTSTANDING = 2,
    parameter integer FIFO_WORDS = 4
) (
    input clk,
    input rst,
    input [31:0] job_address,
    input [31:0] job_words,
    input job_valid,
    input awready,
    input wready,
    input bvalid,
    input [$clog2(FIFO_WORDS+1)-1:0] ready,  // words in the FIFO in front
    input [31:0] head
);
    wire job_ready, awvalid, wvalid, wlast, bready, pop, finished;
    wire [31:0] awaddr, wdata;
    wire [7:0] awlen;
    wire [2:0] awsize;
    wire [1:0] awburst;
    wire [3:0] wstrb;
    write_master dut (
        .clk(clk), .rst(rst), .clear(1'b0), .jobs__payload({job_words, job_address}),
        .jobs__valid(job_valid), .jobs__ready(job_ready), .axi__awvalid(awvalid),
        .axi__awready(awready), .axi__awaddr(awaddr), .axi__awlen(awlen), .axi__awsize(awsize),
        .axi__awburst(awburst), .axi__wvalid(wvalid), .axi__wready(wready), .axi__wdata(wdata),
        .axi__wstrb(wstrb), .axi__wlast(wlast), .axi__bvalid(bvalid), .axi__bready(bready),
        .ready(ready), .head(head), .pop(pop), .finished(finished));

    (* hierconn *) wire \dut.state ;
    (* hierconn *) wire [29:0] \dut.word ;
    (* hierconn *) wire [31:0] \dut.left ;
    (* hierconn *) wire [$clog2(OUTSTANDING+1)-1:0] \dut.unanswered ;
    (* hierconn *) wire [$clog2(BURST_WORDS+1)-1:0] \dut.to_send ;

    reg job;
    reg [31:0] words, next_address, asked, sent;  // of the job; asked: in announced bursts
    reg [8:0] in_burst;                           // words of the last burst still to be sent
    reg [7:0] unanswered;                         // bursts
    reg awvalid_before, awready_before, wvalid_before, wready_before, wlast_before;
    reg [31:0] awaddr_before, wdata_before;
    reg [7:0] awlen_before;
    reg [$clog2(FIFO_WORDS+1)-1:0] ready_before;
    reg pop_before;
    wire fresh = awvalid && !(awvalid_before && !awready_before);
    wire [8:0] burst_now = fresh ? awlen + 1 : in_burst;
    wire [7:0] unanswered_now = unanswered + fresh;
    wire [31:0] asked_now = asked + (fresh ? awlen + 1 : 0);
    wire [31:0] next_now = fresh ? awaddr + 4 * (awlen + 1) : next_address;
    always @(posedge clk) begin
        {awvalid_before, wvalid_before} <= rst ? 0 : {awvalid, wvalid};
        {awready_before, wready_before, wlast_before} <= {awready, wready, wlast};
        {awaddr_before, awlen_before, wdata_before} <= {awaddr, awlen, wdata};
        ready_before <= rst ? 0 : ready;
        pop_before   <= !rst && pop;
        if (rst) begin
            job        <= 0;
            unanswered <= 0;
            in_burst   <= 0;
        end else begin
            in_burst     <= burst_now - (wvalid && wready);
            sent         <= sent + (wvalid && wready);
            asked        <= asked_now;
            next_address <= next_now;
            unanswered   <= unanswered_now - bvalid;
            if (finished) job <= 0;
            if (job_valid && job_ready) begin
                {job, words, next_address} <= {1'b1, job_words, job_address};
                {asked, sent} <= 0;
            end
        end
    end

    always @* if ($initstate) assume (rst);
    always @* begin
        assume (job_words != 0 && job_address[1:0] == 0);
        // The memory answers a burst when it has its address and all of its words.
        assume (!bvalid || unanswered > (awvalid || wvalid));
        // The FIFO only loses what is taken, and its head stays until then.
        assume (rst || ready >= ready_before - pop_before && ready <= FIFO_WORDS);
        assume (!(wvalid_before && !wready_before) || head == wdata_before);
    end

    always @* if (!rst) begin
        if (awvalid_before && !awready_before)
            address_stays_while_stalled: assert (awvalid && awaddr == awaddr_before && awlen == awlen_before);
        if (wvalid_before && !wready_before)
            word_stays_while_stalled: assert (wvalid && wdata == wdata_before && wlast == wlast_before);
        if (awvalid) begin
            burst: assert (awlen < BURST_WORDS && awsize == 2 && awburst == 1 && awaddr[1:0] == 0);
            within_4_KiB: assert (awaddr[11:0] + 4 * (awlen + 1) <= 4096);
        end
        if (fresh) bursts_in_order: assert (job && awaddr == next_address && asked_now <= words
            && in_burst == 0 && unanswered < OUTSTANDING);
        words_of_a_burst: assert (wvalid == (burst_now != 0) && (!wvalid || wlast == (burst_now == 1)));
        if (wvalid) word_is_there: assert (ready >= burst_now && wdata == head && wstrb == 4'hf);
        popped_when_sent: assert (pop == (wvalid && wready));
        takes_responses: assert (bready);
        if (finished) all_written: assert (job && asked == words && sent == words && unanswered_now == 0);
        if (job_valid && job_ready) one_job_at_a_time: assert (!job);

        // What makes it inductive.
        counts: assert (\dut.to_send == burst_now && \dut.unanswered == unanswered_now
            && \dut.state == job && unanswered_now <= OUTSTANDING && burst_now <= BURST_WORDS);
        on_the_way: assert (unanswered_now >= (awvalid || wvalid));
        if (job) rest: assert (\dut.left == words - asked_now && asked_now <= words
            && sent + burst_now == asked_now && {\dut.word , 2'b0} == next_now && next_address[1:0] == 0);
        else nothing: assert (!awvalid && burst_now == 0 && unanswered_now == 0);
        two_bursts_and_the_end: cover (finished && words == 4 && sent == 4);
    end
endmodule
