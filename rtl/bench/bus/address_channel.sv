// The memory's side of a read or write address channel: when an address is accepted, and what of it
// breaks a rule.
module bench_address_channel #(
    parameter int DATA_BITS    = 32,
    parameter int ADDRESS_BITS = 32,
    parameter int BURST_WORDS  = 16,
    parameter int OUTSTANDING  = 1
) (
    input  logic                    clk,
    input  logic                    rst,
    input  logic [63:0]             wait_cycles,  // of the burst that is next
    input  int                      unanswered,   // accepted bursts at the start of the cycle
    input  logic                    valid,
    output logic                    ready,
    input  logic [ADDRESS_BITS-1:0] address,
    input  logic [7:0]              length,
    input  logic [2:0]              size,
    input  logic [1:0]              burst,
    input  logic [12:0]             others,       // id, lock, cache, prot, qos
    output logic                    accepted,
    output int                      broken,       // offered and then not, or changed
    output int                      misplaced,    // not at a word, or across 4096 bytes
    output int                      too_long,     // or of no length that was agreed on
    output int                      too_many,     // more unanswered bursts than allowed
    output int                      wrong_kind    // not INCR of whole words with ID 0
);
    localparam int WORD_BYTES = DATA_BITS / 8;
    localparam logic [12:0] OTHERS = {1'b0, 1'b0, 4'b0011, 3'b000, 4'b0000};

    logic [63:0] waited;
    logic [12:0] last_byte;

    assign ready     = waited >= wait_cycles;
    assign accepted  = valid && ready && !rst;
    assign last_byte = 13'(address[11:0]) + 13'((int'(length) + 1) * WORD_BYTES - 1);

    bench_channel_watch #(.WIDTH(ADDRESS_BITS + 26)) watch (
        .clk(clk), .rst(rst), .valid(valid), .ready(ready),
        .payload({address, length, size, burst, others}), .broken(broken)
    );

    always_ff @(posedge clk) begin
        if (rst) begin
            waited     <= 64'd0;
            misplaced  <= 0;
            too_long   <= 0;
            too_many   <= 0;
            wrong_kind <= 0;
        end else if (accepted) begin
            waited <= 64'd0;
            if (int'(address[11:0]) % WORD_BYTES != 0 || last_byte[12]) misplaced <= misplaced + 1;
            if (int'(length) + 1 > BURST_WORDS) too_long <= too_long + 1;
            if (unanswered + 1 > OUTSTANDING) too_many <= too_many + 1;
            if (size != 3'($clog2(WORD_BYTES)) || burst != 2'b01 || others != OTHERS)
                wrong_kind <= wrong_kind + 1;
        end else if (valid) waited <= waited + 64'd1;
    end
endmodule
