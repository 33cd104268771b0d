// The list reader hands out every entry once and in order, as the host wrote it, and ends when all of
// their results are written.
module list_reader_properties #(
    parameter integer ENTRIES = 3,
    parameter integer WORD = 5  // the 32-bit word of an entry that is followed
) (
    input clk,
    input rst,
    input [12:0] list_enable,
    input [$clog2(ENTRIES)-1:0] list_index,
    input [415:0] list_data,
    input start,
    input [$clog2(ENTRIES+1)-1:0] count,
    input ready,
    input finished
);
    (* anyconst *) wire [$clog2(ENTRIES)-1:0] followed;
    wire begins, busy, done, valid;
    wire [415:0] entry;
    list_reader dut (
        .clk(clk), .rst(rst), .list_enable(list_enable), .list_index(list_index), .list_data(list_data),
        .start(start), .count(count), .begins(begins), .busy(busy), .done(done),
        .entries__payload(entry), .entries__valid(valid), .entries__ready(ready), .finished(finished));

    (* hierconn *) wire [1:0] \dut.state ;  // IDLE, READ, PUSH, WAIT
    (* hierconn *) wire [$clog2(ENTRIES)-1:0] \dut.place ;
    (* hierconn *) wire [$clog2(ENTRIES+1)-1:0] \dut.left , \dut.unfinished ;
    (* hierconn *) wire [415:0] \dut.memory[0] , \dut.memory[1] , \dut.memory[2] , \dut.memory[3] ;
    wire [4*416-1:0] places = {\dut.memory[3] , \dut.memory[2] , \dut.memory[1] , \dut.memory[0] };

    reg runs, ended, written, stalled;
    reg [7:0] total, pushed, ends;
    reg [31:0] word;
    reg [415:0] stalled_entry;
    wire push = valid && ready;
    wire over = runs && pushed == total && ends == total && \dut.state == 3;
    always @(posedge clk) begin
        if (rst) begin
            runs    <= 0;
            ended   <= 0;
            written <= 0;
        end else begin
            if (list_enable[WORD] && list_index == followed) begin
                written <= 1;
                word    <= list_data[32*WORD+:32];
            end
            pushed <= pushed + push;
            ends   <= ends + finished;
            if (start && !runs) begin
                runs   <= 1;
                ended  <= 0;
                total  <= count;
                pushed <= 0;
                ends   <= 0;
            end else if (over) begin
                runs  <= 0;
                ended <= 1;
            end
        end
        stalled       <= !rst && valid && !ready;
        stalled_entry <= entry;
    end

    always @* if ($initstate) assume (rst);
    always @* begin
        assume (count != 0 && count <= ENTRIES && list_index < ENTRIES && followed < ENTRIES);
        assume (list_enable == 0 || !runs && !start);  // the host does not write a list that runs
        assume (!finished || runs && ends < pushed);   // a result job ends after it was pushed
    end

    always @* if (!rst) begin
        busy_while_it_runs: assert (busy == runs && begins == (start && !runs) && done == ended);
        if (valid) one_of_the_list: assert (runs && pushed < total);
        if (valid && pushed == followed && written) as_written: assert (entry[32*WORD+:32] == word);
        if (stalled) stays_while_stalled: assert (valid && entry == stalled_entry);
        // What makes it inductive.
        memory: assert (!written || places[416*followed+32*WORD+:32] == word);
        if (runs) begin
            places_of_it: assert (total != 0 && total <= ENTRIES && ends <= pushed && pushed <= total
                && \dut.unfinished == total - ends && \dut.state != 0);
            if (\dut.state == 1) reads: assert (\dut.place == pushed && pushed < total && \dut.left == total - pushed);
            if (\dut.state == 2) pushes: assert (pushed < total && \dut.left == total - pushed - 1
                && (pushed + 1 == ENTRIES || \dut.place == pushed + 1));
            if (\dut.state == 3) waits: assert (pushed == total);
        end else idle: assert (\dut.state == 0 && !(ended && runs));
        the_list_ends: cover (ended && total == 2 && written);
    end
endmodule
