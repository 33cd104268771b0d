// The queue of finished sums loses, repeats and changes none; what it offers stays.
module result_queue_properties #(
    parameter integer BITS = 2,
    parameter integer SIZE = 3  // at most 4
) (
    input clk,
    input rst,
    input [BITS-1:0] sums,
    input push,
    input ready,
    input watch
);
    wire valid;
    wire [BITS-1:0] payload;
    result_queue dut (
        .clk(clk), .rst(rst), .push(push), .sums_0(sums),
        .beats__payload(payload), .beats__valid(valid), .beats__ready(ready));

    (* hierconn *) wire [$clog2(SIZE+1)-1:0] \dut.held ;
    (* hierconn *) wire [$clog2(SIZE)-1:0] \dut.read_place , \dut.write_place ;
    (* hierconn *) wire [BITS-1:0] \dut.memory[0] , \dut.memory[1] , \dut.memory[2] , \dut.memory[3] ;
    wire [4*BITS-1:0] places = {\dut.memory[3] , \dut.memory[2] , \dut.memory[1] , \dut.memory[0] };

    always @* if ($initstate) assume (rst);
    always @* assume (!push || \dut.held < SIZE);  // a place was taken before: array.sv

    reg following, stalled;
    reg [7:0] before;
    reg [BITS-1:0] followed, stalled_payload;
    wire pop = valid && ready;
    wire [7:0] place = (\dut.read_place + before) % SIZE;
    always @(posedge clk) begin
        if (rst) following <= 0;
        else if (!following) begin
            following <= push && watch;
            followed  <= sums;
            before    <= \dut.held - pop;
        end else if (pop) begin
            following <= before != 0;
            before    <= before - 1;
        end
        stalled         <= !rst && valid && !ready;
        stalled_payload <= payload;
    end

    always @* if (!rst) begin
        count: assert (\dut.held <= SIZE);
        pointers: assert (\dut.read_place < SIZE && \dut.write_place < SIZE
            && (\dut.read_place + \dut.held ) % SIZE == \dut.write_place );
        offer: assert (valid == (\dut.held != 0));
        if (following) begin
            kept_in_order: assert (before < \dut.held );
            kept_unchanged: assert (places[place*BITS+:BITS] == followed);
            if (before == 0) offered_unchanged: assert (valid && payload == followed);
        end
        if (stalled) stays_while_stalled: assert (valid && payload == stalled_payload);
        full_and_wrapped: cover (\dut.held == SIZE && \dut.write_place == 1);
    end
endmodule
