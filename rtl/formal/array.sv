// Sequencer, queues, ring and pipeline together: what each of them assumes of the others holds.
module array_properties #(
    parameter integer HOLD = 2,
    parameter integer FIFO = 2,
    parameter integer RING = 4,
    parameter integer RESULTS = 2,
    parameter integer T = 1,       // tree_stages
    parameter integer ACTIVATION_BITS = 16,
    parameter integer SUM_BITS = 22,
    parameter integer LANES = 4    // of all columns and slices
) (
    input clk,
    input rst,
    input [15:0] row_tiles,
    input [15:0] k_beats,
    input [15:0] groups,
    input phases_valid,
    input [7:0] weights_0,
    input weights_0_valid,
    input [7:0] weights_1,
    input weights_1_valid,
    input [ACTIVATION_BITS-1:0] activations,
    input activations_valid,
    input results_ready
);
    wire phases_ready, weights_0_ready, weights_1_ready, activations_ready, results_valid;
    wire [SUM_BITS-1:0] results;
    wire [47:0] cycles, busy, wait_weights, wait_activations, wait_results, drain;
    wire [47:0] adds, subtracts, skips;
    array dut (
        .clk(clk), .rst(rst), .phases__payload({groups, k_beats, row_tiles}),
        .phases__valid(phases_valid), .phases__ready(phases_ready),
        .weights_0__payload(weights_0), .weights_0__valid(weights_0_valid), .weights_0__ready(weights_0_ready),
        .weights_1__payload(weights_1), .weights_1__valid(weights_1_valid), .weights_1__ready(weights_1_ready),
        .activations__payload(activations), .activations__valid(activations_valid),
        .activations__ready(activations_ready), .results__payload(results),
        .results__valid(results_valid), .results__ready(results_ready), .cycles(cycles), .busy(busy),
        .wait_weights(wait_weights), .wait_activations(wait_activations), .wait_results(wait_results),
        .drain(drain), .adds(adds), .subtracts(subtracts), .skips(skips));

    (* hierconn *) wire [1:0] \dut.sequencer.state ;
    (* hierconn *) wire \dut.sequencer.issue , \dut.sequencer.first_group , \dut.sequencer.last_group ;
    (* hierconn *) wire \dut.sequencer.last_beat , \dut.sequencer.last_tile ;
    (* hierconn *) wire [$clog2(RESULTS+1)-1:0] \dut.sequencer.pending , \dut.results.level ;
    (* hierconn *) wire [15:0] \dut.sequencer.tile , \dut.sequencer.beat , \dut.sequencer.groups_after ;
    (* hierconn *) wire [15:0] \dut.sequencer.last_tile_index , \dut.sequencer.last_beat_index ;
    (* hierconn *) wire [(HOLD > 2 ? $clog2(HOLD) : 1)-1:0]
        \dut.sequencer.group , \dut.sequencer.last_group_index ;
    (* hierconn *) wire [$clog2(FIFO+1)-1:0] \dut.column_0.queue.held , \dut.column_1.queue.held ;
    (* hierconn *) wire \dut.column_0.queue.read , \dut.column_0.queue.pop ;
    (* hierconn *) wire \dut.column_1.queue.read , \dut.column_1.queue.pop ;
    (* hierconn *) wire [$clog2(RING+1)-1:0] \dut.ring.held , \dut.ring.ahead ;
    (* hierconn *) wire \dut.ring.read , \dut.ring.free , \dut.ring.rewind , \dut.results.w_en ;
    (* hierconn *) wire [3:0] \dut.column_0.codes , \dut.column_1.codes ;  // of 2 lanes
    (* hierconn *) wire \dut.read_after_1 ;
    wire [7:0] codes = {\dut.column_1.codes , \dut.column_0.codes };
    (* hierconn *) wire \dut.issued_after_1 , \dut.issued_after_2 , \dut.issued_after_3 ;
    (* hierconn *) wire \dut.issued_after_4 , \dut.issued_after_5 ;
    (* hierconn *) wire \dut.last_beat_after_1 , \dut.last_beat_after_2 ;
    (* hierconn *) wire \dut.last_beat_after_3 , \dut.last_beat_after_4 ;

    reg decoded;  // since reset: what the codes held before means nothing, and is counted nowhere
    always @(posedge clk) decoded <= !rst && (decoded || \dut.read_after_1 );

    always @* if ($initstate) assume (rst);
    always @* assume (row_tiles != 0 && k_beats != 0 && groups != 0);

    wire idle = \dut.sequencer.state == 0, run = \dut.sequencer.state == 1;
    wire drains = \dut.sequencer.state == 2;
    wire issue = \dut.sequencer.issue ;
    // Steps on their way, the youngest lowest; those that make a result.
    wire [T+3:0] steps = {\dut.issued_after_5 , \dut.issued_after_4 , \dut.issued_after_3 ,
        \dut.issued_after_2 , \dut.issued_after_1 };
    wire [T+2:0] ends = steps & {\dut.last_beat_after_4 , \dut.last_beat_after_3 ,
        \dut.last_beat_after_2 , \dut.last_beat_after_1 };
    wire [T+3:0] youngest = steps & -steps;

    reg begun;                 // the head of the queues has been read, and is still needed
    reg [15:0] beat_in_tile;   // activation beats used since this row tile began
    reg counting, was_idle, was_counted;
    reg [9*48-1:0] before;
    wire [47:0] more_cycles = cycles - before[0+:48], more_busy = busy - before[48+:48];
    wire [47:0] more_weights = wait_weights - before[96+:48];
    wire [47:0] more_activations = wait_activations - before[144+:48];
    wire [47:0] more_results = wait_results - before[192+:48], more_drain = drain - before[240+:48];
    wire [47:0] more_adds = adds - before[288+:48], more_subtracts = subtracts - before[336+:48];
    wire [47:0] more_skips = skips - before[384+:48];
    always @(posedge clk) begin
        if (rst) begin
            begun        <= 0;
            beat_in_tile <= 0;
        end else if (issue) begin
            begun        <= !\dut.column_0.queue.pop ;
            beat_in_tile <= \dut.sequencer.last_group && \dut.sequencer.last_beat ? 0 : beat_in_tile + 1;
        end
        counting    <= !rst && !(phases_valid && phases_ready);
        was_idle    <= idle;
        was_counted <= steps[T+3];
        before <= {skips, subtracts, adds, drain, wait_results, wait_activations, wait_weights, busy, cycles};
    end

    always @* if (!rst) begin
        // Weights: each beat is read by the step that needs it first, and goes with the last.
        columns_go_together: assert (\dut.column_0.queue.read == \dut.column_1.queue.read
            && \dut.column_0.queue.pop == \dut.column_1.queue.pop );
        issued_only_with_weights: assert (!issue
            || \dut.column_0.queue.held != 0 && \dut.column_1.queue.held != 0);
        read_once: assert (\dut.column_0.queue.read == (issue && !begun));
        popped_by_a_step: assert (!\dut.column_0.queue.pop || issue);
        popped_behind_the_last_group: assert (begun == (\dut.sequencer.group != 0));
        // Activations: what ring.sv assumes, and that each tile begins at the same beat again.
        issued_only_with_activations: assert (!issue || \dut.ring.ahead < \dut.ring.held );
        read_by_steps: assert (\dut.ring.read == issue);
        free_or_rewind: assert (!(\dut.ring.free && \dut.ring.rewind ));
        free_in_the_last_tile: assert (!issue || \dut.ring.free == \dut.sequencer.last_tile );
        order_of_reading: assert (\dut.ring.ahead == (run && !\dut.sequencer.last_tile ? beat_in_tile : 0));
        // Results: no beat is ever pushed into a full queue.
        places: assert (\dut.sequencer.pending == $countones(ends) + \dut.results.level );
        places_are_enough: assert (\dut.sequencer.pending <= RESULTS);
        never_pushed_when_full: assert (!\dut.results.w_en || \dut.results.level < RESULTS);
        // The end: nothing of a phase is left when the next one begins.
        if (drains) last_step_ends_a_sum: assert ((youngest & ~{1'b1, ends}) == 0 && \dut.sequencer.pending != 0);
        if (idle) nothing_left: assert (steps == 0 && \dut.sequencer.pending == 0);
        if (!run) rewound: assert (\dut.sequencer.group == 0 && \dut.sequencer.beat == 0
            && \dut.sequencer.tile == 0 && beat_in_tile == 0);
        else walk: assert (\dut.sequencer.tile <= \dut.sequencer.last_tile_index
            && \dut.sequencer.beat <= \dut.sequencer.last_beat_index
            && \dut.sequencer.group <= \dut.sequencer.last_group_index );
        states: assert (idle || run || drains);
        decoded_first: assert (decoded || \dut.read_after_1 || (\dut.sequencer.group == 0 && !\dut.issued_after_1 ));
        decoded_before: assert (decoded || {\dut.issued_after_2 , \dut.issued_after_3 ,
            \dut.issued_after_4 , \dut.issued_after_5 } == 0);
        if (decoded) negative_with_nonzero: assert ((codes >> 1 & 8'h55 & ~codes) == 0);
        // Counters: a cycle of a phase is one more of one class, a step LANES more of three kinds.
        if (counting) begin
            cycles_counted: assert (more_cycles == !was_idle);
            each_in_one_class: assert (more_busy <= 1 && more_weights <= 1 && more_activations <= 1
                && more_results <= 1 && more_drain <= 1 && $countones({more_busy[0], more_weights[0],
                more_activations[0], more_results[0], more_drain[0]}) == !was_idle);
            each_lane_counted: assert (more_adds <= LANES && more_subtracts <= LANES && more_skips <= LANES
                && more_adds[7:0] + more_subtracts[7:0] + more_skips[7:0] == (was_counted ? LANES : 0));
        end
        a_phase_ends: cover (idle && busy == 3 && drain != 0 && wait_results != 0);
    end
endmodule
