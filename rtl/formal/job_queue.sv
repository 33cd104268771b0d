// The two places of a job queue lose, repeat and change no job; what is offered stays.
module job_queue_properties #(
    parameter integer BITS = 2
) (
    input clk,
    input rst,
    input [BITS-1:0] payload,
    input valid,
    input ready,
    input watch
);
    wire enter_ready, leave_valid;
    wire [BITS-1:0] leave_payload;
    job_queue dut (
        .clk(clk), .rst(rst), .enter__payload(payload), .enter__valid(valid),
        .enter__ready(enter_ready), .leave__payload(leave_payload), .leave__valid(leave_valid),
        .leave__ready(ready));

    (* hierconn *) wire [1:0] \dut.held ;
    (* hierconn *) wire [BITS-1:0] \dut.first , \dut.second ;

    always @* if ($initstate) assume (rst);

    reg following, stalled;
    reg [1:0] before;
    reg [BITS-1:0] followed, stalled_payload;
    wire push = valid && enter_ready, pop = leave_valid && ready;
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
        stalled         <= !rst && leave_valid && !ready;
        stalled_payload <= leave_payload;
    end

    always @* if (!rst) begin
        count: assert (\dut.held <= 2 && enter_ready == (\dut.held < 2) && leave_valid == (\dut.held != 0));
        if (following) begin
            kept_in_order: assert (before < \dut.held );
            kept_unchanged: assert ((before == 0 ? \dut.first : \dut.second ) == followed);
            if (before == 0) offered_unchanged: assert (leave_valid && leave_payload == followed);
        end
        if (stalled) stays_while_stalled: assert (leave_valid && leave_payload == stalled_payload);
        full: cover (\dut.held == 2 && following && before == 1);
    end
endmodule
