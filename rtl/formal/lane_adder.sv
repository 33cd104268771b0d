// A lane added in the cells of ECP5: what any of them propagates and generates, against one line.
module lane_adder_properties #(
    parameter integer BITS = 9
) (
    input clk,
    input rst,
    input signed [BITS-1:0] partial,
    input signed [7:0] activation,
    input nonzero,
    input negative,
    input carry
);
    wire signed [BITS-1:0] total;
    lane_adder dut (.partial(partial), .activation(activation), .nonzero(nonzero),
        .negative(negative), .carry(carry), .total(total));
    wire signed [7:0] lane = (activation ^ {8{negative}}) & {8{nonzero}};
    wire [BITS-1:0] right = partial + lane + $signed({1'b0, carry});
    always @* sum: assert (total == right);
endmodule
