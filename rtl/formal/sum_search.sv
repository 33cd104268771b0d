// A search gives each sum, in order, a code whose threshold its magnitude reaches, and not that of the next
// code: where thresholds do not fall, as many as it reaches. With the sum's sign, for any thresholds.
module sum_search_properties #(
    parameter integer BITS = 2  // of a magnitude
) (
    input clk,
    input rst,
    input advance,
    input [BITS:0] total,  // sign and magnitude
    input [BITS-1:0] level_0,
    input [2*BITS-1:0] level_1,
    input [4*BITS-1:0] level_2
);
    localparam integer LEVELS = 7;
    wire [7:0] found;
    sum_search dut (
        .clk(clk), .rst(rst), .write(1'b0), .code(7'b0), .threshold({BITS{1'b0}}), .advance(advance),
        .total(total), .level_0(level_0), .level_1(level_1), .level_2(level_2), .found(found));

    // The threshold of code k at place k; the hardware has its complement.
    wire [128*BITS-1:0] complement;
`include "names.svh"
    function [BITS-1:0] threshold(input [7:0] code);
        threshold = ~complement[code*BITS+:BITS];
    endfunction

    // Sums on their way, the newest lowest, and how many there are since the reset.
    reg [(LEVELS+1)*(BITS+1)-1:0] sums;
    reg [LEVELS:0] there;
    reg [4*BITS+2*BITS+BITS-1:0] levels_before;
    reg started;
    always @(posedge clk) begin
        started       <= !rst;
        levels_before <= {level_2, level_1, level_0};
        if (rst) there <= 0;
        else if (advance) begin
            sums  <= {sums, total};
            there <= {there, 1'b1};
        end
    end
    wire [BITS:0] leaves = sums[LEVELS*(BITS+1)+:BITS+1];
    wire [BITS-1:0] magnitude = leaves[BITS-1:0];
    wire [7:0] reached = leaves[BITS] ? -found : found;

    always @* if ($initstate) assume (rst);
    always @* if (started) assume (levels_before == {level_2, level_1, level_0});
    genvar j;
    generate
        for (j = 0; j < LEVELS; j = j + 1) begin : level
            wire [7:0] code = level_code[8*j+:8];  // of the bits found so far, others 0
            wire [7:0] next = code + (1 << (LEVELS - 1 - j));
            wire [BITS:0] here = sums[j*(BITS+1)+:BITS+1];
            always @* if (!rst && there[j]) begin
                assert (level_sum[j*(BITS+1)+:BITS+1] == here);
                assert (code < 128);
                assert (code == 0 || threshold(code) <= here[BITS-1:0]);
                assert (next == 128 || threshold(next) > here[BITS-1:0]);
                // What the next level compares with has been read.
                if (j >= 2 && j < LEVELS - 1)
                    assert (~level_threshold[(j+1)*BITS+:BITS] == threshold(code + (1 << (LEVELS - 2 - j))));
            end
        end
    endgenerate
    always @* if (!rst && there[LEVELS]) begin
        in_range: assert (reached < 128);
        not_more: assert (reached == 0 || threshold(reached) <= magnitude);
        not_less: assert (reached == 127 || threshold(reached + 1) > magnitude);
    end
endmodule
