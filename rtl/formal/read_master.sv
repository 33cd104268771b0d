// A read master asks for every word of a job once a pass and in order, obeys AXI4, and never asks for
// a word that the FIFO behind it could not take.
module read_master_properties #(
    parameter integer BURST_WORDS = 3,
    parameter integer OUTSTANDING = 2,  // 2: the lengths of two bursts are kept below
    parameter integer FIFO_WORDS = 4
) (
    input clk,
    input rst,
    input [31:0] job_address,
    input [31:0] job_words,
    input [15:0] job_passes,
    input job_valid,
    input arready,
    input rvalid,
    input word_left
);
    wire job_ready, arvalid, rready, word_valid;
    wire [31:0] araddr;
    wire [7:0] arlen;
    wire [2:0] arsize;
    wire [1:0] arburst;
    wire rlast;
    read_master dut (
        .clk(clk), .rst(rst), .clear(1'b0), .jobs__payload({job_passes, job_words, job_address}),
        .jobs__valid(job_valid), .jobs__ready(job_ready), .axi__arvalid(arvalid),
        .axi__arready(arready), .axi__araddr(araddr), .axi__arlen(arlen), .axi__arsize(arsize),
        .axi__arburst(arburst), .axi__rvalid(rvalid), .axi__rready(rready), .axi__rlast(rlast),
        .word_valid(word_valid), .word_left(word_left));

    (* hierconn *) wire [29:0] \dut.master.word ;
    (* hierconn *) wire [31:0] \dut.master.left , \dut.master.first_address , \dut.master.words ;
    (* hierconn *) wire [15:0] \dut.master.passes_after ;
    (* hierconn *) wire [$clog2(OUTSTANDING+1)-1:0] \dut.master.in_flight ;
    (* hierconn *) wire [$clog2(FIFO_WORDS+1)-1:0] \dut.master.reserved ;

    // The memory: bursts whose address it has, the oldest first; it answers with no other word.
    reg [1:0] bursts;
    reg [8:0] words_0, words_1;   // still to be answered
    reg [7:0] held;               // words in the FIFO behind
    wire answered = rvalid && rlast;
    wire taken = arvalid && arready;
    assign rlast = words_0 == 1;
    always @(posedge clk) begin
        if (rst) begin
            bursts <= 0;
            held   <= 0;
        end else begin
            bursts <= bursts + taken - answered;
            held   <= held + word_valid - word_left;
            if (answered) words_0 <= words_1;
            else if (rvalid) words_0 <= words_0 - 1;
            if (taken && bursts == answered) words_0 <= arlen + 1;
            else if (taken) words_1 <= arlen + 1;
        end
    end

    // What the job still has to get, watched at the address channel.
    reg job;
    reg [31:0] address, words;       // of the job
    reg [15:0] passes;               // not yet complete
    reg [31:0] next_address, asked;  // in this pass
    reg arvalid_before, arready_before;
    reg [31:0] araddr_before;
    reg [7:0] arlen_before;
    wire fresh = arvalid && !(arvalid_before && !arready_before);
    wire [31:0] asked_now = asked + (fresh ? arlen + 1 : 0);
    wire pass_ends = fresh && asked_now == words;
    always @(posedge clk) begin
        arvalid_before <= !rst && arvalid;
        arready_before <= arready;
        araddr_before  <= araddr;
        arlen_before   <= arlen;
        if (rst) job <= 0;
        else begin
            if (fresh) begin
                asked        <= pass_ends ? 0 : asked_now;
                next_address <= pass_ends ? address : araddr + 4 * (arlen + 1);
                passes       <= passes - pass_ends;
                if (pass_ends && passes == 1) job <= 0;
            end
            if (job_valid && job_ready) begin
                job     <= 1;
                address <= job_address;
                words   <= job_words;
                passes  <= job_passes;
                asked   <= 0;
                next_address <= job_address;
            end
        end
    end

    always @* if ($initstate) assume (rst);
    always @* begin
        assume (job_words != 0 && job_passes != 0 && job_address[1:0] == 0);
        assume (!rvalid || bursts != 0);
        assume (!word_left || held != 0);
    end

    wire [31:0] channel = arvalid ? arlen + 1 : 0;
    always @* if (!rst) begin
        if (arvalid_before && !arready_before)
            address_stays_while_stalled: assert (arvalid && araddr == araddr_before && arlen == arlen_before);
        if (arvalid) begin
            burst: assert (arlen < BURST_WORDS && arsize == 2 && arburst == 1 && araddr[1:0] == 0);
            within_4_KiB: assert (araddr[11:0] + 4 * (arlen + 1) <= 4096);
        end
        takes_words: assert (rready && word_valid == rvalid);
        room_for_every_word: assert (held + (bursts > 0 ? words_0 : 0) + (bursts > 1 ? words_1 : 0)
            + channel <= FIFO_WORDS);
        few_outstanding: assert (bursts + arvalid <= OUTSTANDING);
        if (fresh) words_in_order: assert (job && araddr == next_address && asked_now <= words);
        if (job_valid && job_ready) job_complete: assert (!job || pass_ends && passes == 1);

        // What makes it inductive.
        lengths: assert ((bursts == 0 || words_0 != 0) && (bursts < 2 || words_1 != 0) && bursts <= OUTSTANDING
            && words_0 <= BURST_WORDS + (bursts == 0) * 511 && words_1 <= BURST_WORDS + (bursts < 2) * 511);
        reserved: assert (\dut.master.reserved == held + (bursts > 0 ? words_0 : 0) + (bursts > 1 ? words_1 : 0) + channel);
        in_flight: assert (\dut.master.in_flight == bursts + arvalid);
        if (job) begin
            of_job: assert (\dut.master.first_address == address && \dut.master.words == words && words != 0
                && passes != 0 && asked < words && address[1:0] == 0 && next_address[1:0] == 0
                && next_address == address + 4 * asked);
            if (!pass_ends) rest: assert (\dut.master.left == words - asked_now && \dut.master.passes_after == passes - 16'd1
                && {\dut.master.word , 2'b0} == (fresh ? araddr + 4 * (arlen + 1) : next_address)
                || !fresh && asked == 0 && \dut.master.left == 0 && \dut.master.passes_after == passes);
            else rest_of_pass: assert (\dut.master.left == 0 && \dut.master.passes_after == passes - 16'd1);
        end else
            nothing_left: assert (\dut.master.left == 0 && \dut.master.passes_after == 0 && !fresh);
        both_bursts_behind_a_boundary: cover (bursts == 2 && araddr[11:0] == 0 && !arvalid && passes == 2);
    end
endmodule
