// A gearbox puts every word into a beat, in order; a whole beat stays until it is taken.
module gearbox_properties #(
    parameter integer WORD_BITS = 2,
    parameter integer BEAT_WORDS = 3
) (
    input clk,
    input rst,
    input [WORD_BITS-1:0] payload,
    input valid,
    input ready,
    input watch
);
    localparam integer BEAT_BITS = WORD_BITS * BEAT_WORDS;
    wire words_ready, beat_valid;
    wire [BEAT_BITS-1:0] beat;
    gearbox dut (
        .clk(clk), .rst(rst), .words__payload(payload), .words__valid(valid),
        .words__ready(words_ready), .beats__payload(beat), .beats__valid(beat_valid), .beats__ready(ready));

    (* hierconn *) wire [BEAT_BITS-1:0] \dut.collected ;
    (* hierconn *) wire [$clog2(BEAT_WORDS+1)-1:0] \dut.held ;

    always @* if ($initstate) assume (rst);

    reg following, stalled;
    reg [7:0] count, place;  // words of the beat that is collected; which of them is followed
    reg [WORD_BITS-1:0] followed;
    reg [BEAT_BITS-1:0] stalled_beat;
    wire push = valid && words_ready, pop = beat_valid && ready;
    wire [7:0] in_front = pop ? 0 : count;
    always @(posedge clk) begin
        if (rst) begin
            following <= 0;
            count     <= 0;
        end else begin
            count <= in_front + push;
            if (!following || pop) begin
                following <= push && watch;
                followed  <= payload;
                place     <= in_front;
            end
        end
        stalled      <= !rst && beat_valid && !ready;
        stalled_beat <= beat;
    end

    // Words enter at the top and move down, so the first of `count` is that far from the bottom.
    wire [7:0] now_at = place + BEAT_WORDS - count;
    always @* if (!rst) begin
        held: assert (\dut.held == count && count <= BEAT_WORDS);
        whole: assert (beat_valid == (count == BEAT_WORDS));
        takes: assert (words_ready == (count < BEAT_WORDS || ready));
        if (following) begin
            kept: assert (place < count && \dut.collected [now_at*WORD_BITS+:WORD_BITS] == followed);
            if (beat_valid) in_its_place: assert (beat[place*WORD_BITS+:WORD_BITS] == followed);
        end
        if (stalled) stays_while_stalled: assert (beat_valid && beat == stalled_beat);
        a_beat_behind_a_beat: cover (pop && push && following && place + 1 == BEAT_WORDS);
    end
endmodule
