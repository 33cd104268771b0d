// The queue of one column's weight beats loses, repeats and changes none.
module weight_queue_properties #(
    parameter integer BITS = 2,
    parameter integer SIZE = 3  // at most 4: as many places are looked into
) (
    input clk,
    input rst,
    input [BITS-1:0] payload,
    input valid,
    input read,
    input pop,
    input watch  // follow the beat that enters now, if none is followed yet: any one is proved
);
    wire ready, available;
    wire [BITS-1:0] head;
    weight_queue dut (
        .clk(clk), .rst(rst), .beats__payload(payload), .beats__valid(valid), .beats__ready(ready),
        .available(available), .read(read), .pop(pop), .head(head));

    (* hierconn *) wire [$clog2(SIZE+1)-1:0] \dut.held ;
    (* hierconn *) wire [$clog2(SIZE)-1:0] \dut.read_place , \dut.write_place ;
    (* hierconn *) wire [BITS-1:0] \dut.memory[0] , \dut.memory[1] , \dut.memory[2] , \dut.memory[3] ;
    wire [4*BITS-1:0] places = {\dut.memory[3] , \dut.memory[2] , \dut.memory[1] , \dut.memory[0] };

    always @* if ($initstate) assume (rst);
    always @* assume (available || !(read || pop));  // as the sequencer does: array.sv

    reg following, shown, was_ready;
    reg [7:0] before;  // beats in front of the one that is followed
    reg [BITS-1:0] followed, shown_payload;
    wire push = valid && ready;
    wire [7:0] place = (\dut.read_place + before) % SIZE;
    always @(posedge clk) begin
        if (rst) following <= 0;
        else if (!following) begin
            following <= push && watch;
            followed  <= payload;
            before    <= \dut.held - pop;
        end else if (pop) begin
            following <= before != 0;
            before    <= before - 1;
        end
        if (rst) shown <= 0;
        else if (read) begin
            shown         <= following && before == 0;
            shown_payload <= followed;
        end
        was_ready <= !rst && ready && !push;
    end

    always @* if (!rst) begin
        count: assert (\dut.held <= SIZE);
        pointers: assert (\dut.read_place < SIZE && \dut.write_place < SIZE
            && (\dut.read_place + \dut.held ) % SIZE == \dut.write_place );
        room: assert (ready == (\dut.held < SIZE));
        offer: assert (available == (\dut.held != 0));
        if (following) begin
            kept_in_order: assert (before < \dut.held );
            kept_unchanged: assert (places[place*BITS+:BITS] == followed);
        end
        if (shown) read_unchanged: assert (head == shown_payload);
        if (was_ready) ready_stays: assert (ready);
        full_and_wrapped: cover (\dut.held == SIZE && \dut.write_place == 1);
    end
endmodule
