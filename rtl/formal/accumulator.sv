// Sums are exact and never overflow, however long the phase, as long as a row has no more than MAX_K
// weights: |sum| <= 128 x weights so far. The accumulator has as many bits as the description asks
// for MAX_K, not one more.
module accumulator_properties #(
    parameter integer LANES = 2,
    parameter integer HOLD = 1,
    parameter integer MAX_K = 5,
    parameter integer BITS = 11
) (
    input clk,
    input rst,
    input read,
    input decode,
    input accumulate,
    input replace,
    input finish,
    input [(HOLD > 2 ? $clog2(HOLD) : 1)-1:0] group,
    input [8*LANES-1:0] activations
);
    wire [BITS-1:0] sums;
    accumulator dut (
        .clk(clk), .rst(rst), .read(read), .pop(1'b0), .decode(decode), .activations(activations),
        .accumulate(accumulate), .replace(replace), .finish(finish), .group(group), .sums(sums));

    (* hierconn *) wire [2*LANES-1:0] \dut.codes ;  // of each lane {negative, nonzero}
    (* hierconn *) wire [BITS-1:0] \dut.before , \dut.after ;
    (* hierconn *) wire [BITS-1:0] \dut.accumulators[0] , \dut.accumulators[1] ;
    wire [BITS-1:0] accumulator_0 = HOLD == 1 ? \dut.before : \dut.accumulators[0] ;
    wire [BITS-1:0] accumulator_1 = HOLD == 1 ? \dut.before : \dut.accumulators[1] ;

    // Products and weights of this cycle, by definition.
    integer i;
    reg signed [31:0] products;
    reg [15:0] weights;
    always @* begin
        products = 0;
        weights  = 0;
        for (i = 0; i < LANES; i = i + 1) begin
            if (\dut.codes [2*i]) begin
                weights  = weights + 1;
                products = \dut.codes [2*i+1] ? products - $signed(activations[8*i+:8])
                                              : products + $signed(activations[8*i+:8]);
            end
        end
    end

    reg [HOLD-1:0] begun;     // by group
    reg [15:0] used [0:1];    // weights that are in the sum of the group
    reg decoded;
    wire [15:0] used_now = (replace ? 0 : used[group]) + weights;
    always @(posedge clk) begin
        if (rst) decoded <= 0;
        else if (decode) decoded <= 1;
        if (rst) begun <= 0;
        else if (accumulate) begin
            begun[group] <= 1;
            used[group]  <= used_now;
        end
    end

    always @* if ($initstate) assume (rst);
    always @* begin  // as the sequencer does: sequencer.sv, array.sv
        assume (!accumulate || decoded);
        assume (group < HOLD);
        assume (!accumulate || replace || begun[group]);
        assume (!accumulate || used_now <= MAX_K);  // the description: k <= max_k, padding is weight 0
    end

    wire signed [31:0] base = replace ? 0 : $signed(\dut.before );
    wire signed [31:0] after = $signed(\dut.after );
    wire signed [31:0] sum_0 = $signed(accumulator_0), sum_1 = $signed(accumulator_1);
    wire signed [31:0] used_0 = used[0], used_1 = used[1];
    always @* if (!rst) begin
        if (accumulate) sum_is_exact: assert (after == base + products);
        if (decoded) codes_are_weights: assert ((\dut.codes & {LANES{2'b11}} & ~{\dut.codes , 1'b0}
            & {LANES{2'b10}}) == 0);
        if (begun[0]) bound_0: assert (used_0 <= MAX_K && sum_0 <= 128 * used_0 && sum_0 >= -128 * used_0);
        if (HOLD > 1 && begun[HOLD-1])
            bound_1: assert (used_1 <= MAX_K && sum_1 <= 128 * used_1 && sum_1 >= -128 * used_1);
        largest_sum: cover (begun[0] && sum_0 == 128 * MAX_K);
    end
endmodule
