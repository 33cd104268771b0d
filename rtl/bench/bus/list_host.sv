// The host of one machine: writes a list, starts it, waits for its end, and so on with the next; and
// notes when each phase of the array was accepted and ended.
//
// Entries are written one a cycle, the first list's from cycle 0 on, a further one's from the cycle
// after the first that is IDLE again; the start is the cycle after the last entry.
//
// list.bin, read in each reset: number of lists; for each the number of entries, then the entries.
// list.txt, written at the end: "start CYCLE", "end CYCLE ERRORS COUNTERS" (the first cycle that is IDLE again), "accept
// CYCLE" and "finish CYCLE" of each phase (the first in which the array is IDLE again), "done N": cycles in
// which `done` was wrong, "idle N": cycles in which a machine that is not busy used the bus.
module bench_list_host #(
    parameter int COUNTERS     = 9,
    parameter int ENTRY_BITS   = 416,
    parameter int LIST_ENTRIES = 2,
    parameter int ERRORS       = 3
) (
    input  logic                            clk,
    input  logic                            rst,
    input  logic [63:0]                     cycle,
    input  int                              round,
    input  int                              machine,
    input  logic                            give_up,
    output logic [ENTRY_BITS/32-1:0]        list_enable,
    output logic [$clog2(LIST_ENTRIES)-1:0] list_index,
    output logic [ENTRY_BITS-1:0]           list_data,
    output logic                            start,
    output logic [$clog2(LIST_ENTRIES+1)-1:0] count,
    input  logic                            busy,
    input  logic                            done,
    input  logic [ERRORS-1:0]               errors,
    input  logic                            bus_used,  // some valid of a master is 1
    input  logic                            phase_valid,
    input  logic                            phase_ready,
    input  logic [48*COUNTERS-1:0]          counters,  // first counter lowest
    output logic                            finished
);
    localparam int SETTLE_CYCLES = 16;  // what a machine does too much would show up in them

    logic [ENTRY_BITS-1:0] entries[];
    int                    list_ends[];  // number of the entry behind each list
    logic                  loaded = 1'b0;

    int          list, entry, first_entry, settled;
    logic        running, ended, ready_before;
    int          wrong_done, wrong_idle;

    logic [63:0]            log_starts[$], log_ends[$], log_accepts[$], log_finishes[$];
    logic [48*COUNTERS-1:0] log_counters[$];
    logic [ERRORS-1:0]      log_errors[$];

    wire writing  = !rst && !running && list < list_ends.size() && entry < list_ends[list];
    assign start       = !rst && !running && list < list_ends.size() && entry == list_ends[list];
    assign list_enable = {ENTRY_BITS / 32{writing}};
    assign list_index  = ($clog2(LIST_ENTRIES))'(entry - first_entry);
    assign list_data   = writing ? entries[entry] : {ENTRY_BITS / 32{cycle[31:0]}};
    assign count       = ($clog2(LIST_ENTRIES + 1))'(start ? entry - first_entry : int'(cycle));

    task automatic load();
        int                    file, lists, number, total;
        logic [ENTRY_BITS-1:0] each;
        file      = bus_files::open(round, machine, "list.bin", "rb");
        lists     = int'(bus_files::number(file));
        list_ends = new[lists];
        entries   = new[int'(bus_files::number(file))];
        total     = 0;
        for (int i = 0; i < lists; i++) begin
            number = int'(bus_files::number(file));
            for (int j = 0; j < number; j++) begin
                if ($fread(each, file) != ENTRY_BITS / 8) $fatal(1, "list.bin: too short");
                entries[total+j] = each;
            end
            total        += number;
            list_ends[i]  = total;
        end
        $fclose(file);
    endtask

    task automatic dump();
        int file;
        file = bus_files::open(round, machine, "list.txt", "w");
        for (int i = 0; i < log_starts.size(); i++) $fwrite(file, "start %0d\n", log_starts[i]);
        for (int i = 0; i < log_ends.size(); i++) begin
            $fwrite(file, "end %0d %0d", log_ends[i], log_errors[i]);
            for (int c = 0; c < COUNTERS; c++) $fwrite(file, " %0d", log_counters[i][48*c+:48]);
            $fwrite(file, "\n");
        end
        for (int i = 0; i < log_accepts.size(); i++) $fwrite(file, "accept %0d\n", log_accepts[i]);
        for (int i = 0; i < log_finishes.size(); i++)
            $fwrite(file, "finish %0d\n", log_finishes[i]);
        $fwrite(file, "done %0d\nidle %0d\n", wrong_done, wrong_idle);
        $fclose(file);
    endtask

    initial finished = 1'b0;  // before reset too: it stops the machine's clock

    always_ff @(posedge clk) begin
        loaded       <= rst;
        ready_before <= rst || phase_ready;
        if (rst) begin
            if (!loaded) load();
            list        <= 0;
            entry       <= 0;
            first_entry <= 0;
            settled     <= 0;
            running     <= 1'b0;
            ended       <= 1'b0;
            finished    <= 1'b0;
            wrong_done  <= 0;
            wrong_idle  <= 0;
            log_starts.delete();
            log_ends.delete();
            log_counters.delete();
            log_errors.delete();
            log_accepts.delete();
            log_finishes.delete();
        end else begin
            if (writing) entry <= entry + 1;
            if (start) begin
                running <= 1'b1;
                ended   <= 1'b0;
                log_starts.push_back(cycle);
            end else if (running && !busy) begin
                running     <= 1'b0;
                ended       <= 1'b1;
                list        <= list + 1;
                first_entry <= entry;
                log_ends.push_back(cycle);
                log_errors.push_back(errors);
                log_counters.push_back(counters);
            end
            if (done != (ended || (running && !busy))) wrong_done <= wrong_done + 1;
            if (!busy && (bus_used || !phase_ready)) wrong_idle <= wrong_idle + 1;
            if (phase_valid && phase_ready) log_accepts.push_back(cycle);
            if (phase_ready && !ready_before) log_finishes.push_back(cycle);
            settled <= list == list_ends.size() ? settled + 1 : 0;
            if (!finished && (give_up || settled == SETTLE_CYCLES)) begin
                finished <= 1'b1;
                dump();
            end
        end
    end
endmodule
