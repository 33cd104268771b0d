// A cutter hands on every sum of a beat once, in order, as an int32; a word stays until it is taken.
module result_cutter_properties #(
    parameter integer SUMS = 3,
    parameter integer SUM_BITS = 9,
    parameter integer WORD_BITS = 64
) (
    input clk,
    input rst,
    input [SUMS*SUM_BITS-1:0] payload,
    input valid,
    input ready
);
    localparam integer WORD_SUMS = WORD_BITS / 32;
    localparam integer WORDS = (SUMS + WORD_SUMS - 1) / WORD_SUMS;
    wire beat_ready, word_valid;
    wire [WORD_BITS-1:0] word;
    result_cutter dut (
        .clk(clk), .rst(rst), .beats__payload(payload), .beats__valid(valid),
        .beats__ready(beat_ready), .words__payload(word), .words__valid(word_valid),
        .words__ready(ready));

    (* hierconn *) wire [WORDS*WORD_SUMS*SUM_BITS-1:0] \dut.beat ;
    (* hierconn *) wire [$clog2(WORDS+1)-1:0] \dut.rest ;

    always @* if ($initstate) assume (rst);

    reg [7:0] left;  // words of the beat
    reg [WORDS*WORD_SUMS*SUM_BITS-1:0] taken;  // the beat; places beyond it are 0
    reg stalled;
    reg [WORD_BITS-1:0] stalled_word;
    always @(posedge clk) begin
        if (rst) left <= 0;
        else if (valid && beat_ready) begin
            left  <= WORDS;
            taken <= payload;
        end else if (word_valid && ready) left <= left - 1;
        stalled      <= !rst && word_valid && !ready;
        stalled_word <= word;
    end

    genvar i;
    generate
        for (i = 0; i < WORD_SUMS; i = i + 1) begin : sum
            wire [7:0] place = (WORDS - left) * WORD_SUMS + i;
            wire signed [SUM_BITS-1:0] narrow = taken[place*SUM_BITS+:SUM_BITS];
            wire signed [31:0] wide = narrow;
            always @* if (!rst && word_valid) assert (word[32*i+:32] == wide);
        end
    endgenerate
    always @* if (!rst) begin
        count: assert (\dut.rest == left && left <= WORDS && word_valid == (left != 0));
        takes: assert (beat_ready == (left == 0 || left == 1 && ready));
        if (left != 0) kept: assert (\dut.beat == taken >> (WORDS - left) * WORD_SUMS * SUM_BITS);
        if (stalled) stays_while_stalled: assert (word_valid && word == stalled_word);
        a_beat_behind_a_beat: cover (valid && beat_ready && left == 1 && taken != 0);
    end
endmodule
