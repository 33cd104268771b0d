// A column of one lane: all 256 bytes of packed weight, all 256 activations; what it adds is their
// product, and what it counts is whether it added or subtracted.
module lane_properties #(
    parameter integer BASE3 = 0,  // the packing: "base3" or "2bit"
    parameter integer BITS = 9
) (
    input clk,
    input rst,
    input read,
    input decode,
    input accumulate,
    input replace,
    input [7:0] activation
);
    wire [BITS-1:0] sums;
    wire worked, subtracted;
    lane dut (
        .clk(clk), .rst(rst), .read(read), .pop(1'b0), .decode(decode), .activations(activation),
        .activation_nonzero(activation != 0), .accumulate(accumulate), .replace(replace),
        .finish(1'b0), .group(1'b0), .sums(sums), .worked(worked), .subtracted(subtracted));

    (* hierconn *) wire [7:0] \dut.queue.head ;
    (* hierconn *) wire [1:0] \dut.codes ;  // {negative, nonzero}
    (* hierconn *) wire [BITS-1:0] \dut.after ;

    always @* if ($initstate) assume (rst);

    // What the byte stands for: its lowest digit less 1, and nothing if it is reserved.
    wire [7:0] packed_byte = \dut.queue.head ;
    wire [7:0] digit = BASE3 ? packed_byte % 3 : packed_byte % 4;
    wire reserved = BASE3 ? packed_byte >= 243 : digit == 3;

    reg decoded, counted;
    reg signed [1:0] weight, weight_before;
    reg [7:0] activation_before;
    reg accumulated;
    reg [BITS-1:0] after_before;
    always @(posedge clk) begin
        if (rst) decoded <= 0;
        else if (decode) begin
            decoded <= 1;
            weight  <= reserved ? 0 : $signed({1'b0, digit[1:0]}) - 1;
        end
        counted           <= !rst && decoded;
        weight_before     <= weight;
        activation_before <= activation;
        accumulated       <= accumulate;
        after_before      <= \dut.after ;
    end

    wire signed [BITS-1:0] product = weight * $signed(activation);
    always @* if (!rst) begin
        if (decoded) code: assert (\dut.codes == (weight == 0 ? 2'b00 : weight == 1 ? 2'b01 : 2'b11)
            && weight != -2);
        if (decoded && replace) product_is_right: assert ($signed(\dut.after ) == product);
        if (decoded && !replace)
            product_is_added: assert (\dut.after == sums + product);
        if (counted && accumulated) kept: assert (sums == after_before);
        if (counted) begin
            counts_work: assert (worked == (weight_before != 0 && activation_before != 0));
            counts_subtracts: assert (subtracted == (weight_before == -1 && activation_before != 0));
        end
        a_product: cover (decoded && product == -128 && weight == 1);
        negated: cover (decoded && product == 128);
    end
endmodule
