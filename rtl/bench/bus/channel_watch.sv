// Counts the cycles in which a channel broke its word: what is offered stays until it is taken.
module bench_channel_watch #(
    parameter int WIDTH = 8
) (
    input  logic             clk,
    input  logic             rst,
    input  logic             valid,
    input  logic             ready,
    input  logic [WIDTH-1:0] payload,
    output int               broken
);
    logic             waiting;
    logic [WIDTH-1:0] offered;

    always_ff @(posedge clk) begin
        waiting <= !rst && valid && !ready;
        offered <= payload;
        if (rst) broken <= 0;
        else if (waiting && !(valid && payload == offered)) broken <= broken + 1;
    end
endmodule
