// All 256 bytes, against the arithmetic that defines the packing.
module decoder_properties #(
    parameter integer RADIX = 4,  // 4: "2bit", 3: "base3"
    parameter integer COUNT = 4   // weights in a byte
) (
    input clk,
    input rst,
    input [7:0] packed_byte
);
    wire [2*COUNT-1:0] codes;  // of each weight {negative, nonzero}
    decoder dut (.packed_byte(packed_byte), .codes(codes));

    genvar i;
    generate
        for (i = 0; i < COUNT; i = i + 1) begin : weight
            wire [7:0] digit = packed_byte / RADIX ** i % RADIX;
            // A byte or digit that stands for nothing is weight 0.
            wire reserved = packed_byte >= RADIX ** COUNT || digit == 3;
            wire signed [2:0] value = reserved ? 0 : $signed({1'b0, digit}) - 1;
            always @* begin
                assert (codes[2*i+:2] == 2'b01 || value != 1);
                assert (codes[2*i+:2] == 2'b11 || value != -1);
                assert (codes[2*i+:2] == 2'b00 || value != 0);
            end
        end
    endgenerate
endmodule
