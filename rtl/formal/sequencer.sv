// Every step of a phase once and in the order of docs/machine.md, and each cycle's class as it says.
module sequencer_properties #(
    parameter integer HOLD = 3,
    parameter integer RESULTS = 2,
    parameter integer LARGEST = 65535,  // of each field of a phase
    parameter integer COUNT_STEPS = 0   // prove the product too: for a small LARGEST only
) (
    input clk,
    input rst,
    input [15:0] row_tiles,
    input [15:0] k_beats,
    input [15:0] groups,
    input valid,
    input weights_available,
    input activations_available,
    input result_taken
);
    localparam integer GROUP_BITS = HOLD > 2 ? $clog2(HOLD) : 1;
    localparam IDLE = 0, DRAIN = 1, WAIT_WEIGHTS = 2, WAIT_ACTIVATIONS = 3, WAIT_RESULTS = 4, BUSY = 5;
    wire ready, start, issue, first_group, last_group, first_beat, last_beat, last_tile;
    wire [2:0] activity;
    wire [GROUP_BITS-1:0] group;
    sequencer dut (
        .clk(clk), .rst(rst), .phases__payload({groups, k_beats, row_tiles}), .phases__valid(valid),
        .phases__ready(ready), .weights_available(weights_available),
        .activations_available(activations_available), .result_taken(result_taken),
        .activity(activity), .start(start), .issue(issue), .group(group),
        .first_group(first_group), .last_group(last_group), .first_beat(first_beat),
        .last_beat(last_beat), .last_tile(last_tile));

    // The loops of docs/machine.md, stepped by `issue`.
    reg running;
    reg [15:0] N, K, G;       // row tiles, K beats and groups of the phase
    reg [16:0] done_groups;   // of the blocks before
    reg [15:0] n, k, h;       // row tile, K beat, group of the block
    reg [7:0] places;         // results issued and not yet transferred
    wire [16:0] rest = G - done_groups;
    wire [15:0] Hb = rest > HOLD ? HOLD : rest;
    wire issued_all = rest == 0;
    wire next_k = h + 1 == Hb, next_n = next_k && k + 1 == K, next_block = next_n && n + 1 == N;
    always @(posedge clk) begin
        if (rst) begin
            running <= 0;
            places  <= 0;
        end else begin
            if (valid && ready) begin
                running <= 1;
                {N, K, G} <= {row_tiles, k_beats, groups};
                {done_groups, n, k, h} <= 0;
            end
            if (issue) begin
                h <= next_k ? 0 : h + 1;
                if (next_k) k <= next_n ? 0 : k + 1;
                if (next_n) n <= next_block ? 0 : n + 1;
                if (next_block) done_groups <= done_groups + Hb;
            end
            places <= places + (issue && k + 1 == K) - result_taken;
            if (running && issued_all && places == 1 && result_taken) running <= 0;
        end
    end

    always @* if ($initstate) assume (rst);
    always @* begin
        assume (row_tiles != 0 && k_beats != 0 && groups != 0);
        assume (row_tiles <= LARGEST && k_beats <= LARGEST && groups <= LARGEST);
        assume (!result_taken || places != 0);  // as the result queue does: array.sv
    end

    (* hierconn *) wire [1:0] \dut.state ;
    (* hierconn *) wire [15:0] \dut.tile , \dut.beat , \dut.groups_after ;
    (* hierconn *) wire [15:0] \dut.last_tile_index , \dut.last_beat_index ;
    (* hierconn *) wire [GROUP_BITS-1:0] \dut.last_group_index ;
    (* hierconn *) wire [$clog2(RESULTS+1)-1:0] \dut.pending ;

    wire to_issue = running && !issued_all;
    always @* if (!rst) begin
        accepts_when_idle: assert (ready == !running && start == (valid && ready));
        steps_only_of_a_phase: assert (!issue || to_issue);
        if (to_issue) begin
            which_group: assert (group == h && first_group == (h == 0) && last_group == next_k);
            which_beat: assert (first_beat == (k == 0) && last_beat == (k + 1 == K));
            which_tile: assert (last_tile == (n + 1 == N));
        end
        result_places: assert (\dut.pending == places && places <= RESULTS);
        class_of_cycle: assert (activity == (
            !running ? IDLE : issued_all ? DRAIN : !weights_available ? WAIT_WEIGHTS
            : !activations_available ? WAIT_ACTIVATIONS
            : k + 1 == K && places == RESULTS ? WAIT_RESULTS : BUSY));
        issue_is_busy: assert (issue == (activity == BUSY));

        // What makes it inductive.
        states: assert (\dut.state == (!running ? 0 : issued_all ? 2 : 1));
        drains: assert (running ? !issued_all || places != 0 : places == 0);
        if (running) begin
            shape: assert (N != 0 && K != 0 && G != 0 && done_groups <= G
                && \dut.last_tile_index == N - 16'd1 && \dut.last_beat_index == K - 16'd1);
            if (issued_all) at_the_end: assert (n == 0 && k == 0 && h == 0);
            else begin
                counters: assert (\dut.tile == n && \dut.beat == k && n < N && k < K && h < Hb
                    && \dut.last_group_index == Hb - 1 && \dut.groups_after == rest - Hb);
            end
        end
        if (!running || issued_all) rewound: assert (\dut.tile == 0 && \dut.beat == 0 && group == 0);
        a_phase_of_two_blocks_ends: cover (!running && done_groups == HOLD + 1 && N == 2 && K == 2);
        a_second_phase_follows: cover (running && !$initstate && n == 1 && valid && places == RESULTS);
    end

    generate if (COUNT_STEPS) begin : product
        reg [23:0] steps;
        always @(posedge clk) if (!rst) steps <= valid && ready ? 0 : steps + issue;
        always @* if (!rst && running) begin
            small: assert (N <= LARGEST && K <= LARGEST && G <= LARGEST);
            steps_so_far: assert (steps == done_groups * N * K + (issued_all ? 0 : (n * K + k) * Hb + h));
            if (issued_all) all_steps: assert (steps == N * K * G);
        end
    end endgenerate
endmodule
