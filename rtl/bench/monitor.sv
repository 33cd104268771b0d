// Watches the phases of one machine: when each was accepted, when it ended, its counters then.
//
// FOLDER/round_R/machine_M/phases.txt, written when the machine has finished: "accept CYCLE", "end CYCLE COUNTERS" for
// each phase, "left BEATS": 1 if some input beat was never taken, and "moved N": cycles between phases
// in which a counter was not what it was at the end of the one before.
module bench_monitor #(
    parameter int COUNTERS = 9
) (
    input  logic                   clk,
    input  logic                   rst,
    input  logic [63:0]            cycle,
    input  int                     round,
    input  int                     machine,
    input  logic                   give_up,      // write what there is
    input  logic                   phase_valid,
    input  logic                   phase_ready,
    input  logic                   phases_done,  // the last phase has been transferred
    input  logic                   inputs_done,  // so has every input beat
    input  logic [48*COUNTERS-1:0] counters,     // first counter lowest
    output logic                   finished
);
    localparam int SETTLE_CYCLES = 16;  // a result too many would show up in them

    logic [63:0]            accepts[$];
    logic [63:0]            ends[$];
    logic [48*COUNTERS-1:0] counts[$];
    logic                   ready_before;
    int                     idle_cycles;
    int                     moved;

    task automatic dump();
        string work;
        int    file;
        if ($value$plusargs("work=%s", work) == 0) $fatal(1, "+work=FOLDER is missing");
        file = $fopen($sformatf("%s/round_%0d/machine_%0d/phases.txt", work, round, machine), "w");
        for (int i = 0; i < accepts.size(); i++) $fwrite(file, "accept %0d\n", accepts[i]);
        for (int i = 0; i < ends.size(); i++) begin
            $fwrite(file, "end %0d", ends[i]);
            for (int c = 0; c < COUNTERS; c++) $fwrite(file, " %0d", counts[i][48*c+:48]);
            $fwrite(file, "\n");
        end
        $fwrite(file, "left %0d\n", int'(!inputs_done));
        $fwrite(file, "moved %0d\n", moved);
        $fclose(file);
    endtask

    initial finished = 1'b0;  // before reset too: it stops the machine's clock

    always_ff @(posedge clk) begin
        ready_before <= phase_ready;
        if (rst) begin
            idle_cycles  <= 0;
            moved        <= 0;
            finished     <= 1'b0;
            ready_before <= 1'b1;
            accepts.delete();
            ends.delete();
            counts.delete();
        end else begin
            if (phase_valid && phase_ready) accepts.push_back(cycle);
            if (phase_ready && !ready_before) begin
                ends.push_back(cycle);
                counts.push_back(counters);
            end
            if (phase_ready && ready_before && ends.size() > 0 && counters != counts[$])
                moved <= moved + 1;
            idle_cycles <= phases_done && phase_ready ? idle_cycles + 1 : 0;
            if (!finished && (give_up || idle_cycles == SETTLE_CYCLES)) begin
                finished <= 1'b1;
                dump();
            end
        end
    end
endmodule
