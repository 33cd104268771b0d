// The activation buffer keeps every beat until it is given up, and reads it in order for each tile.
module activation_ring_properties #(
    parameter integer BITS = 2,
    parameter integer SIZE = 3  // at most 4
) (
    input clk,
    input rst,
    input [BITS-1:0] payload,
    input valid,
    input read,
    input free,
    input rewind,
    input watch
);
    wire ready, available;
    wire [BITS-1:0] head;
    activation_ring dut (
        .clk(clk), .rst(rst), .beats__payload(payload), .beats__valid(valid), .beats__ready(ready),
        .available(available), .read(read), .free(free), .rewind(rewind), .head(head));

    (* hierconn *) wire [$clog2(SIZE+1)-1:0] \dut.held , \dut.ahead ;
    (* hierconn *) wire [(SIZE > 2 ? $clog2(SIZE) : 1)-1:0]
        \dut.read_place , \dut.write_place , \dut.oldest_place ;
    (* hierconn *) wire [BITS-1:0] \dut.memory[0] , \dut.memory[1] , \dut.memory[2] , \dut.memory[3] ;
    wire [4*BITS-1:0] places = {\dut.memory[3] , \dut.memory[2] , \dut.memory[1] , \dut.memory[0] };

    always @* if ($initstate) assume (rst);
    always @* begin  // as the sequencer does: array.sv
        assume (available || !read);
        assume (!(free && rewind));
        assume (!(read && free) || \dut.ahead == 0);
    end

    reg following, shown, was_ready;
    reg [7:0] before;  // beats older than the one that is followed
    reg [7:0] next;    // which beat, counted from the oldest, the next read is of
    reg [BITS-1:0] followed, shown_payload;
    wire push = valid && ready;
    wire release_one = read && free;
    wire [7:0] place = (\dut.oldest_place + before) % SIZE;
    always @(posedge clk) begin
        if (rst) following <= 0;
        else if (!following) begin
            following <= push && watch;
            followed  <= payload;
            before    <= \dut.held - release_one;
        end else if (release_one) begin
            following <= before != 0;
            before    <= before - 1;
        end
        if (rst) next <= 0;
        else if (read && !free) next <= rewind ? 0 : next + 1;
        if (rst) shown <= 0;
        else if (read) begin
            shown         <= following && before == next;
            shown_payload <= followed;
        end
        was_ready <= !rst && ready && !push;
    end

    always @* if (!rst) begin
        count: assert (\dut.held <= SIZE && \dut.ahead <= \dut.held );
        pointers: assert (\dut.read_place < SIZE && \dut.write_place < SIZE
            && \dut.oldest_place < SIZE
            && (\dut.oldest_place + \dut.held ) % SIZE == \dut.write_place
            && (\dut.oldest_place + \dut.ahead ) % SIZE == \dut.read_place );
        room: assert (ready == (\dut.held < SIZE));
        order: assert (next == \dut.ahead );
        offer: assert (available == (next < \dut.held ));
        if (following) begin
            kept_in_order: assert (before < \dut.held );
            kept_unchanged: assert (places[place*BITS+:BITS] == followed);
        end
        if (shown) read_unchanged: assert (head == shown_payload);
        if (was_ready) ready_stays: assert (ready);
        full_and_read: cover (\dut.held == SIZE && shown && (SIZE == 1 || \dut.oldest_place != 0));
    end
endmodule
