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
    wire reserved;             // the byte stands for no weights: lane.sv proves what becomes of it
    decoder dut (.packed_byte(packed_byte), .codes(codes), .reserved(reserved));

    always @* reserved_bytes: assert (reserved == (packed_byte >= RADIX ** COUNT));

    genvar i;
    generate
        for (i = 0; i < COUNT; i = i + 1) begin : weight
            wire [7:0] digit = packed_byte / RADIX ** i % RADIX;
            // The digit 3 of "2bit" is weight 0 too.
            wire [1:0] code = digit == 0 ? 2'b11 : digit == 2 ? 2'b01 : 2'b00;
            always @* if (!reserved) assert (codes[2*i+:2] == code);
        end
    endgenerate
endmodule
