// The FIFO between a bus and the array, with at most SIZE words in it, loses, repeats and changes none.
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
    wire room, ready;
    wire [BITS-1:0] head;
    word_fifo dut (
        .clk(clk), .rst(rst), .enter__payload(pushed), .enter__valid(push), .enter__ready(room),
        .leave__payload(head), .leave__valid(ready), .leave__ready(pop));

    (* hierconn *) wire [$clog2(SIZE+1)-1:0] \dut.fifo.inner_level ;
    (* hierconn *) wire [$clog2(SIZE)-1:0] \dut.fifo.consume , \dut.fifo.produce ;
    (* hierconn *) wire [BITS-1:0] \dut.fifo.storage[0] , \dut.fifo.storage[1] ;
    (* hierconn *) wire [BITS-1:0] \dut.fifo.storage[2] , \dut.fifo.storage[3] ;
    wire [7:0] level = \dut.fifo.inner_level + ready;
    wire [4*BITS-1:0] places = {
        \dut.fifo.storage[3] , \dut.fifo.storage[2] , \dut.fifo.storage[1] , \dut.fifo.storage[0] };

    always @* if ($initstate) assume (rst);
    // As the masters do: read_master.sv, write_master.sv.
    always @* assume (!push || level < SIZE);
    always @* assume (!pop || ready);

    reg following, stalled, pushed_before;
    reg [7:0] before;
    reg [BITS-1:0] followed, stalled_head;
    wire [7:0] place = (\dut.fifo.consume + before + SIZE - ready) % SIZE;
    always @(posedge clk) begin
        if (rst) following <= 0;
        else if (!following) begin
            following <= push && watch;
            followed  <= pushed;
            before    <= level - pop;
        end else if (pop) begin
            following <= before != 0;
            before    <= before - 1;
        end
        stalled       <= !rst && ready && !pop;
        stalled_head  <= head;
        pushed_before <= !rst && push;
    end

    always @* if (!rst) begin
        count: assert (level <= SIZE);
        pointers: assert (\dut.fifo.consume < SIZE && \dut.fifo.produce < SIZE
            && (\dut.fifo.consume + \dut.fifo.inner_level ) % SIZE == \dut.fifo.produce );
        always_room: assert (!push || room);
        two_cycles: assert (ready == (level != pushed_before));
        if (following) begin
            kept_in_order: assert (before < level);
            if (before != 0 || !ready) kept_unchanged: assert (places[place*BITS+:BITS] == followed);
            if (before == 0 && ready) offered_unchanged: assert (head == followed);
        end
        if (stalled) stays_while_stalled: assert (ready && head == stalled_head);
        full_and_wrapped: cover (level == SIZE && \dut.fifo.produce == 1);
    end
endmodule
