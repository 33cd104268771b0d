// Replays an input stream: beat i is offered in cycle t if the beats before it have been transferred
// and t is not before its arrival. While nothing is offered the payload is wrong on purpose.
//
// Its file FOLDER/round_R/machine_M/stream_S.bin, read in each reset, is of big-endian numbers: 8 bytes
// number of beats; then for each beat 8 bytes arrival cycle and the payload in as few whole bytes as
// hold it.
module bench_source #(
    parameter int WIDTH = 8
) (
    input  logic             clk,
    input  logic             rst,
    input  logic [63:0]      cycle,
    input  int               round,
    input  int               machine,
    input  int               stream,
    output logic [WIDTH-1:0] payload,
    output logic             valid,
    input  logic             ready,
    output logic             done      // every beat has been transferred
);
    localparam int BITS = (WIDTH + 7) / 8 * 8;

    logic [BITS-1:0] payloads[];
    logic [63:0]     arrivals[];
    int              count;
    int              index;
    logic [BITS-1:0] offered;
    logic [63:0]     arrival;
    logic            loaded = 1'b0;

    assign valid   = index < count && cycle >= arrival;
    assign payload = valid ? offered[WIDTH-1:0] : ~offered[WIDTH-1:0];
    assign done    = index == count;

    task automatic load();
        string           work, path;
        int              file;
        logic [63:0]     number;
        logic [BITS-1:0] beat;
        if ($value$plusargs("work=%s", work) == 0) $fatal(1, "+work=FOLDER is missing");
        path = $sformatf("%s/round_%0d/machine_%0d/stream_%0d.bin", work, round, machine, stream);
        file = $fopen(path, "rb");
        if (file == 0 || $fread(number, file) != 8) $fatal(1, "%s: cannot be read", path);
        count    = int'(number);
        payloads = new[count];
        arrivals = new[count];
        for (int i = 0; i < count; i++) begin
            if ($fread(number, file) != 8 || $fread(beat, file) != BITS / 8)
                $fatal(1, "%s: too short", path);
            arrivals[i] = number;
            payloads[i] = beat;
        end
        $fclose(file);
    endtask

    always_ff @(posedge clk) begin
        loaded <= rst;
        if (rst) begin
            if (!loaded) load();
            index   <= 0;
            offered <= count > 0 ? payloads[0] : '0;
            arrival <= count > 0 ? arrivals[0] : '0;
        end else if (valid && ready) begin
            index <= index + 1;
            if (index + 1 < count) begin
                offered <= payloads[index+1];
                arrival <= arrivals[index+1];
            end
        end
    end
endmodule
