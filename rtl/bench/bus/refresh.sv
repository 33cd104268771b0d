// 1 in the cycles t, from reset on, with t mod period < cycles; never if the period is 0.
module bench_refresh (
    input  logic        clk,
    input  logic        rst,
    input  logic [63:0] period,
    input  logic [63:0] cycles,
    output logic        refreshing
);
    logic [63:0] phase;  // t mod period

    assign refreshing = phase < cycles;
    always_ff @(posedge clk) phase <= rst || phase + 64'd1 >= period ? 64'd0 : phase + 64'd1;
endmodule
