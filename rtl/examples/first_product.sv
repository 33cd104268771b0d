// A first product with rtl/dot_16x40.v: 20 x 100 ternary weights times 3 vectors of int8, compared
// with a model of plain integers. No Python, no file but the accelerator:
//
//   $ verilator --binary -Wno-lint --top-module first_product first_product.sv dot_16x40.v
//   $ iverilog -g2012 -s first_product -o first_product first_product.sv dot_16x40.v
//
// Every stream holds still at random, as a memory would. docs/machine.md says in which order beats go.
`timescale 1ns / 1ps

module first_product;
    // The machine (the head of dot_16x40.v).
    localparam COLUMNS = 16, LANES = 40, SLICES = 1, SUM_BITS = 21;
    localparam BEAT_BITS = 64;  // 40 weights, five in a byte
    // The phase.
    localparam N = 20, K = 100, M = 3;
    localparam ROW_TILES = (N + COLUMNS - 1) / COLUMNS;
    localparam K_BEATS = (K + LANES - 1) / LANES;
    localparam GROUPS = (M + SLICES - 1) / SLICES;  // at most `hold`, 4: one block
    localparam WEIGHT_BEATS = ROW_TILES * K_BEATS;  // of each column
    localparam ACTIVATION_BEATS = K_BEATS * GROUPS;
    localparam RESULT_BEATS = ROW_TILES * GROUPS;
    localparam MOST_CYCLES = 2000;

    reg clk = 1'b0, rst = 1'b1;
    always #5 clk = ~clk;

    // Matrix and vectors, with the zeros that pad them to whole beats.
    reg signed [1:0] weight[0:ROW_TILES * COLUMNS - 1][0:K_BEATS * LANES - 1];
    reg signed [7:0] activation[0:GROUPS * SLICES - 1][0:K_BEATS * LANES - 1];
    integer adds_expected = 0, subtracts_expected = 0;

    integer row, place, vector;
    initial begin
        for (row = 0; row < ROW_TILES * COLUMNS; row = row + 1)
            for (place = 0; place < K_BEATS * LANES; place = place + 1)
                weight[row][place] =
                    row < N && place < K ? 2'($urandom_range(2)) - 2'd1 : 2'd0;
        for (vector = 0; vector < GROUPS * SLICES; vector = vector + 1)
            for (place = 0; place < K_BEATS * LANES; place = place + 1)
                activation[vector][place] = vector < M && place < K ? 8'($urandom) : 8'd0;
        for (row = 0; row < N; row = row + 1)
            for (vector = 0; vector < M; vector = vector + 1)
                for (place = 0; place < K; place = place + 1)
                    if (activation[vector][place] != 0) begin
                        if (weight[row][place] == 1) adds_expected = adds_expected + 1;
                        if (weight[row][place] == -1) subtracts_expected = subtracts_expected + 1;
                    end
    end

    // phases: one beat
    reg phase_valid = 1'b1;
    wire phase_ready;
    wire [47:0] phase = {16'(GROUPS), 16'(K_BEATS), 16'(ROW_TILES)};
    always @(posedge clk) if (!rst && phase_valid && phase_ready) phase_valid <= 1'b0;

    // weights_0 to weights_15: beat i of a column is row tile i / K_BEATS, K beat i % K_BEATS
    wire [COLUMNS * BEAT_BITS - 1:0] weight_payload;
    wire [COLUMNS - 1:0] weight_valid, weight_ready;
    genvar c;
    generate
        for (c = 0; c < COLUMNS; c = c + 1) begin : column
            reg [31:0] beat = 0;
            reg valid = 1'b0;
            reg [BEAT_BITS - 1:0] packed_weights;
            integer lane, digit;
            always @* begin
                packed_weights = 0;
                for (lane = LANES - 1; lane >= 0; lane = lane - 1) begin
                    digit = weight[beat / K_BEATS * COLUMNS + c][beat % K_BEATS * LANES + lane] + 1;
                    packed_weights[lane / 5 * 8+:8] =
                        packed_weights[lane / 5 * 8+:8] * 8'd3 + 8'(digit);
                end
            end
            // What is offered stays until it is taken; then the next, sooner or later.
            always @(posedge clk)
                if (!rst) begin
                    if (valid && weight_ready[c]) beat <= beat + 1;
                    if (!valid || weight_ready[c])
                        valid <= beat + (valid ? 1 : 0) < WEIGHT_BEATS && $urandom_range(3) != 0;
                end
            assign weight_valid[c] = valid;
            assign weight_payload[c * BEAT_BITS+:BEAT_BITS] = packed_weights;
        end
    endgenerate

    // activations: beat i is K beat i / GROUPS, group i % GROUPS
    reg [31:0] activation_beat = 0;
    reg activation_valid = 1'b0;
    wire activation_ready;
    reg [8 * LANES - 1:0] activation_payload;
    integer byte_lane;
    always @*
        for (byte_lane = 0; byte_lane < LANES; byte_lane = byte_lane + 1)
            activation_payload[8 * byte_lane+:8] =
                activation[activation_beat % GROUPS][activation_beat / GROUPS * LANES + byte_lane];
    always @(posedge clk)
        if (!rst) begin
            if (activation_valid && activation_ready) activation_beat <= activation_beat + 1;
            if (!activation_valid || activation_ready)
                activation_valid <=
                    activation_beat + (activation_valid ? 1 : 0) < ACTIVATION_BEATS
                    && $urandom_range(3) != 0;
        end

    // results: beat i is row tile i / GROUPS, group i % GROUPS
    integer result_beat = 0, wrong = 0, column_index, k_index, expected;
    reg result_ready = 1'b0;
    wire result_valid;
    wire [COLUMNS * SUM_BITS - 1:0] result_payload;
    reg signed [SUM_BITS - 1:0] sum;
    always @(posedge clk)
        if (!rst) begin
            result_ready <= $urandom_range(1) != 0;
            if (result_valid && result_ready) begin
                for (column_index = 0; column_index < COLUMNS; column_index = column_index + 1) begin
                    sum = result_payload[column_index * SUM_BITS+:SUM_BITS];
                    row = result_beat / GROUPS * COLUMNS + column_index;
                    expected = 0;
                    for (k_index = 0; k_index < K; k_index = k_index + 1)
                        expected = expected
                            + weight[row][k_index] * activation[result_beat % GROUPS][k_index];
                    if (sum != expected) begin
                        wrong = wrong + 1;
                        $display("row %0d, vector %0d: %0d, not %0d", row, result_beat % GROUPS,
                                 sum, expected);
                    end
                end
                sum = result_payload[SUM_BITS - 1:0];
                $display("result beat %0d: row %0d, vector %0d: %0d", result_beat,
                         result_beat / GROUPS * COLUMNS, result_beat % GROUPS, sum);
                result_beat <= result_beat + 1;
            end
        end

    wire [47:0] cycles, busy, wait_weights, wait_activations, wait_results, drain;
    wire [47:0] adds, subtracts, skips;

`define WEIGHTS(n) \
        .weights_``n``__payload(weight_payload[n * BEAT_BITS+:BEAT_BITS]), \
        .weights_``n``__valid(weight_valid[n]), \
        .weights_``n``__ready(weight_ready[n]),

    dot_16x40 accelerator (
        .clk(clk), .rst(rst),
        .phases__payload(phase), .phases__valid(phase_valid), .phases__ready(phase_ready),
        `WEIGHTS(0) `WEIGHTS(1) `WEIGHTS(2) `WEIGHTS(3)
        `WEIGHTS(4) `WEIGHTS(5) `WEIGHTS(6) `WEIGHTS(7)
        `WEIGHTS(8) `WEIGHTS(9) `WEIGHTS(10) `WEIGHTS(11)
        `WEIGHTS(12) `WEIGHTS(13) `WEIGHTS(14) `WEIGHTS(15)
        .activations__payload(activation_payload), .activations__valid(activation_valid),
        .activations__ready(activation_ready),
        .results__payload(result_payload), .results__valid(result_valid),
        .results__ready(result_ready),
        .cycles(cycles), .busy(busy), .drain(drain), .wait_weights(wait_weights),
        .wait_activations(wait_activations), .wait_results(wait_results),
        .adds(adds), .subtracts(subtracts), .skips(skips)
    );

    initial begin
        repeat (3) @(negedge clk);
        rst = 1'b0;
        repeat (MOST_CYCLES) @(negedge clk) if (result_beat == RESULT_BEATS) begin
            repeat (4) @(negedge clk);
            $display("cycles %0d = busy %0d + weights %0d + activations %0d + results %0d + drain %0d",
                     cycles, busy, wait_weights, wait_activations, wait_results, drain);
            $display("adds %0d, subtracts %0d, skips %0d", adds, subtracts, skips);
            if (wrong != 0) $fatal(1, "%0d sums are wrong", wrong);
            if (busy != ROW_TILES * K_BEATS * GROUPS) $fatal(1, "busy is not the phase's steps");
            if (cycles != busy + wait_weights + wait_activations + wait_results + drain)
                $fatal(1, "a cycle was counted twice or not at all");
            if (adds != adds_expected || subtracts != subtracts_expected
                || adds + subtracts + skips != busy * COLUMNS * LANES * SLICES)
                $fatal(1, "adds or subtracts are not those of the model");
            $display("all %0d sums are right", N * M);
            $finish;
        end
        if (result_beat != RESULT_BEATS) $fatal(1, "no end after %0d cycles", MOST_CYCLES);
    end
endmodule
