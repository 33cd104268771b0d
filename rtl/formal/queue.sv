// The queues of jobs and of finished sums lose, repeat and change none; what is offered stays.
module queue_properties #(
    parameter integer BITS = 2,
    parameter integer SIZE = 3  // at most 4
) (
    input clk,
    input rst,
    input [BITS-1:0] given,
    input valid,
    input ready,
    input watch
);
    wire room, offered;
    wire [BITS-1:0] payload;
    queue dut (
        .clk(clk), .rst(rst), .enter__payload(given), .enter__valid(valid), .enter__ready(room),
        .leave__payload(payload), .leave__valid(offered), .leave__ready(ready));

    (* hierconn *) wire [$clog2(SIZE+1)-1:0] \dut.fifo.level ;
    (* hierconn *) wire [$clog2(SIZE)-1:0] \dut.fifo.consume , \dut.fifo.produce ;
    (* hierconn *) wire [BITS-1:0] \dut.fifo.storage[0] , \dut.fifo.storage[1] ;
    (* hierconn *) wire [BITS-1:0] \dut.fifo.storage[2] , \dut.fifo.storage[3] ;
    wire [4*BITS-1:0] places = {
        \dut.fifo.storage[3] , \dut.fifo.storage[2] , \dut.fifo.storage[1] , \dut.fifo.storage[0] };

    always @* if ($initstate) assume (rst);

    reg following, stalled;
    reg [7:0] before;
    reg [BITS-1:0] followed, stalled_payload;
    wire push = valid && room, pop = offered && ready;
    wire [7:0] place = (\dut.fifo.consume + before) % SIZE;
    always @(posedge clk) begin
        if (rst) following <= 0;
        else if (!following) begin
            following <= push && watch;
            followed  <= given;
            before    <= \dut.fifo.level - pop;
        end else if (pop) begin
            following <= before != 0;
            before    <= before - 1;
        end
        stalled         <= !rst && offered && !ready;
        stalled_payload <= payload;
    end

    always @* if (!rst) begin
        count: assert (\dut.fifo.level <= SIZE);
        pointers: assert (\dut.fifo.consume < SIZE && \dut.fifo.produce < SIZE
            && (\dut.fifo.consume + \dut.fifo.level ) % SIZE == \dut.fifo.produce );
        has_room: assert (room == (\dut.fifo.level < SIZE));
        offer: assert (offered == (\dut.fifo.level != 0));
        if (following) begin
            kept_in_order: assert (before < \dut.fifo.level );
            kept_unchanged: assert (places[place*BITS+:BITS] == followed);
            if (before == 0) offered_unchanged: assert (offered && payload == followed);
        end
        if (stalled) stays_while_stalled: assert (offered && payload == stalled_payload);
        full_and_wrapped: cover (\dut.fifo.level == SIZE && \dut.fifo.produce == 1);
    end
endmodule
