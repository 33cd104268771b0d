// Every adder of the tree is exact for whatever comes in, and it adds the two terms that it should
// and one carry that no other adder has: so the root and the last carry are the sum of all terms.
module tree_properties #(
    parameter integer LANES = 8
) (
    input clk,
    input rst,
    input [8*LANES-1:0] values,
    input [LANES-1:0] carries
);
    localparam integer LEVELS = $clog2(LANES);
    wire signed [8+LEVELS-1:0] value;
    wire carry;
    tree dut (.values(values), .carries(carries), .value(value), .carry(carry));

    // Node i of level l is at l * LANES + i; names.svh connects them to the adders' outputs.
    wire signed [31:0] node [0:LANES*(LEVELS+1)-1];
`include "names.svh"
    genvar l, i;
    generate
        for (i = 0; i < LANES; i = i + 1) begin : lane
            assign node[i] = $signed(values[8*i+:8]);
        end
        for (l = 1; l <= LEVELS; l = l + 1) begin : level
            for (i = 0; (2 * i + 1) << (l - 1) < LANES; i = i + 1) begin : adder
                localparam integer LAST_LANE = ((2 * i + 1) << (l - 1)) - 1;  // of the left term
                always @* assert (node[l*LANES+i] == node[(l-1)*LANES+2*i]
                    + node[(l-1)*LANES+2*i+1] + $signed({1'b0, carries[LAST_LANE]}));
            end
        end
    endgenerate
    always @* root: assert (value == node[LEVELS*LANES] && carry == carries[LANES-1]);
endmodule
