// The result stage: its states follow each other as docs/top.md has them, those of a fixed length for so
// many cycles; words are taken in PASS and COLLECT alone, pass unchanged and at once, and enter the FIFO only
// if it has room; a word that is offered to it stays until it enters.
module result_stage_properties #(
    parameter integer SUM_BITS = 9,
    parameter integer BEATS = 2
) (
    input clk,
    input rst,
    input [32:0] job,  // row tiles, groups, codes
    input job_valid,
    input [31:0] word,
    input word_valid,
    input room
);
    localparam integer IDLE = 0, PASS = 1, COLLECT = 2, SETTLE = 3, SCALE = 4, STEP = 5, TABLE = 6, EMIT = 7;
    wire job_ready, word_ready, push;
    wire [31:0] pushed;
    result_stage dut (
        .clk(clk), .rst(rst), .jobs__payload(job), .jobs__valid(job_valid), .jobs__ready(job_ready),
        .words__payload(word), .words__valid(word_valid), .words__ready(word_ready), .room(room),
        .push(push), .pushed(pushed));

    (* hierconn *) wire [2:0] \dut.state ;
    (* hierconn *) wire [7:0] \dut.cycle ;
    (* hierconn *) wire \dut.encoder.packer.offered ;
    (* hierconn *) wire [31:0] \dut.encoder.packer.word ;
    wire [2:0] state = \dut.state ;
    wire offered = state == EMIT && \dut.encoder.packer.offered ;
    wire take = word_valid && word_ready;
    wire [7:0] length = state == SETTLE ? 4 : state == SCALE ? SUM_BITS + 24 : state == STEP ? SUM_BITS + 16
        : state == TABLE ? 130 : 0;  // 0: until something happens

    reg [2:0] before;
    reg [7:0] cycles;  // in this state, those before this one
    reg started, took_job, took_codes, stalled;
    reg [31:0] stalled_word;
    always @(posedge clk) begin
        started      <= !rst;
        before       <= state;
        cycles       <= rst || state != state_next ? 0 : cycles == 255 ? 255 : cycles + 1;
        took_job     <= job_valid && job_ready;
        took_codes   <= job[32];
        stalled      <= !rst && offered && !room;
        stalled_word <= \dut.encoder.packer.word ;
    end
    wire [2:0] state_next;
    (* hierconn *) wire [2:0] \dut.state_next ;
    assign state_next = \dut.state_next ;

    always @* if ($initstate) assume (rst);
    always @* assume (job[15:0] != 0 && job[31:16] != 0);

    always @* if (!rst) begin
        jobs_when_idle: assert (job_ready == (state == IDLE));
        words: assert (word_ready == (state == PASS && room || state == COLLECT));
        pushes: assert (push == (state == PASS && take || offered && room));
        if (state == PASS && push) unchanged: assert (pushed == word);
        if (state == EMIT && push) what_was_offered: assert (pushed == \dut.encoder.packer.word );
        if (stalled) stays_while_stalled: assert (offered && \dut.encoder.packer.word == stalled_word);
        if (length != 0) at_most: assert (cycles < length && \dut.cycle == cycles);
        else counts_nothing: assert (\dut.cycle == 0);
        if (length != 0 && cycles + 1 < length) not_less: assert (state_next == state);
        if (length != 0 && cycles + 1 == length) in_order: assert (state_next == state + 1);
        if (state == IDLE) takes: assert (state_next == (job_valid ? (job[32] ? COLLECT : PASS) : IDLE));
        if (state == PASS) passes: assert (state_next == PASS || state_next == IDLE && take);
        if (state == COLLECT) collects: assert (state_next == COLLECT || state_next == SETTLE && take);
        if (state == EMIT) emits: assert (state_next == EMIT
            || push && (state_next == SCALE || state_next == COLLECT || state_next == IDLE));
        passed: cover (state == PASS && state_next == IDLE);
        settled: cover (state == SCALE && cycles == 3);
    end
endmodule
