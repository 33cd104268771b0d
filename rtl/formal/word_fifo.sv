// The FIFO between a bus and the array loses, repeats and changes no word.
module word_fifo_properties #(
    parameter integer BITS = 2,
    parameter integer SIZE = 3  // at most 4
) (
    input clk,
    input rst,
    input push,
    input [BITS-1:0] pushed,
    input pop,
    input watch
);
    wire room;
    wire [$clog2(SIZE+1)-1:0] ready;
    wire [BITS-1:0] head;
    word_fifo dut (
        .clk(clk), .rst(rst), .room(room), .push(push), .pushed(pushed), .ready(ready), .head(head),
        .pop(pop));

    (* hierconn *) wire [$clog2(SIZE+1)-1:0] \dut.held ;
    (* hierconn *) wire \dut.pushed_before ;
    (* hierconn *) wire [$clog2(SIZE)-1:0] \dut.read_place , \dut.write_place ;
    (* hierconn *) wire [BITS-1:0] \dut.memory[0] , \dut.memory[1] , \dut.memory[2] , \dut.memory[3] ;
    wire [4*BITS-1:0] places = {\dut.memory[3] , \dut.memory[2] , \dut.memory[1] , \dut.memory[0] };

    always @* if ($initstate) assume (rst);
    always @* assume (!push || room);          // as the masters do: read_master.sv, write_master.sv
    always @* assume (!pop || ready != 0);

    reg following, stalled;
    reg [7:0] before;
    reg [BITS-1:0] followed, stalled_head;
    wire [7:0] place = (\dut.read_place + before) % SIZE;
    always @(posedge clk) begin
        if (rst) following <= 0;
        else if (!following) begin
            following <= push && watch;
            followed  <= pushed;
            before    <= \dut.held - pop;
        end else if (pop) begin
            following <= before != 0;
            before    <= before - 1;
        end
        stalled      <= !rst && ready != 0 && !pop;
        stalled_head <= head;
    end

    always @* if (!rst) begin
        count: assert (\dut.held <= SIZE && \dut.held == 8'd0 + ready + \dut.pushed_before );
        pointers: assert (\dut.read_place < SIZE && \dut.write_place < SIZE
            && (\dut.read_place + \dut.held ) % SIZE == \dut.write_place );
        has_room: assert (room == (\dut.held < SIZE));
        if (following) begin
            kept_in_order: assert (before < \dut.held );
            kept_unchanged: assert (places[place*BITS+:BITS] == followed);
            if (before == 0 && ready != 0) offered_unchanged: assert (head == followed);
        end
        if (ready != 0) head_is_the_oldest: assert (head == places[\dut.read_place *BITS+:BITS]);
        if (stalled) stays_while_stalled: assert (ready != 0 && head == stalled_head);
        full_and_wrapped: cover (\dut.held == SIZE && \dut.write_place == 1);
    end
endmodule
