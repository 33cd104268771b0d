// Two lanes selected and added in the cells of Xilinx, against one line.
module lane_pair_properties (
    input clk,
    input rst,
    input signed [7:0] activation_0,
    input signed [7:0] activation_1,
    input nonzero_0,
    input nonzero_1,
    input negative_0,
    input negative_1,
    input carry
);
    wire signed [8:0] total;
    lane_pair dut (.activation_0(activation_0), .activation_1(activation_1), .nonzero_0(nonzero_0),
        .nonzero_1(nonzero_1), .negative_0(negative_0), .negative_1(negative_1), .carry(carry),
        .total(total));
    wire signed [7:0] lane_0 = (activation_0 ^ {8{negative_0}}) & {8{nonzero_0}};
    wire signed [7:0] lane_1 = (activation_1 ^ {8{negative_1}}) & {8{nonzero_1}};
    wire [8:0] right = lane_0 + lane_1 + $signed({1'b0, carry});
    always @* sum: assert (total == right);
endmodule
