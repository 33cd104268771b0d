// Takes an output stream: ready in cycle t if t is not before the take cycle of the beat that is next.
// Keeps every beat and the cycle of its transfer, and checks that an offered beat stays as it is.
//
// The take cycles come from a file like a source's, with one byte of payload that means nothing.
// stream_S.txt beside it, written when the machine has finished: "beat CYCLE HEX" for each beat, "unstable
// N": cycles in which an offered beat changed, "waiting 1" if one more is offered at the end.
module bench_sink #(
    parameter int WIDTH = 8
) (
    input  logic             clk,
    input  logic             rst,
    input  logic [63:0]      cycle,
    input  int               round,
    input  int               machine,
    input  int               stream,
    input  logic             finished,
    input  logic [WIDTH-1:0] payload,
    input  logic             valid,
    output logic             ready
);
    logic [WIDTH-1:0] taken[$];
    logic [63:0]      cycles[$];
    int               unstable;
    logic             waiting;
    logic [WIDTH-1:0] waiting_payload;

    bench_source #(.WIDTH(8)) takes (
        .clk(clk), .rst(rst), .cycle(cycle), .round(round), .machine(machine), .stream(stream),
        .payload(), .valid(ready), .ready(valid), .done()
    );

    task automatic dump();
        string work;
        int    file;
        if ($value$plusargs("work=%s", work) == 0) $fatal(1, "+work=FOLDER is missing");
        file = $fopen($sformatf("%s/round_%0d/machine_%0d/stream_%0d.txt", work, round, machine, stream), "w");
        for (int i = 0; i < taken.size(); i++) $fwrite(file, "beat %0d %h\n", cycles[i], taken[i]);
        $fwrite(file, "unstable %0d\n", unstable);
        $fwrite(file, "waiting %0d\n", int'(valid));
        $fclose(file);
    endtask

    always_ff @(posedge clk) begin
        waiting         <= !rst && valid && !ready;
        waiting_payload <= payload;
        if (rst) begin
            unstable <= 0;
            taken.delete();
            cycles.delete();
        end else if (waiting && !(valid && payload == waiting_payload)) unstable <= unstable + 1;
        if (!rst && valid && ready) begin
            taken.push_back(payload);
            cycles.push_back(cycle);
        end
    end

    always_ff @(posedge finished) dump();
endmodule
