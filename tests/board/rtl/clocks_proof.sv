// JOB_CYCLES of a job are the cycles from its own start to its end, JOB_LATENCY those to the end of its first frame, with one
// job or two under way, whenever they begin and end: proven by induction. Here every job has a place of its own for its start.
`default_nettype none

module clocks_proof #(
    parameter int FRAME_BEATS = 2
) (
    input wire clk,
    input wire rst,
    input wire stream_rst,
    input wire clear,
    input wire running,
    input wire begun,
    input wire done,
    input wire first_start,
    input wire first_beat
);
    logic [47:0] cycles, job_cycles, now_q, cycles_q, job_q;
    logic [31:0] frames, job_latency, latency_q, frames_q;
    logic [1:0][47:0] starts_q;
    logic [1:0] jobs_q;                  // under way
    logic begin_q, end_q, first_q, beat_q;
    logic [31:0] origin_q;               // start of the latest job of output 0
    logic idle_q;                        // output 0 has taken the latest job; none ends before that
    wire frame_end = first_beat && beat_q;
    wire [47:0] latest = begun ? now_q : starts_q[!begin_q];

    sf_shell_clocks #(.FRAME_BEATS(FRAME_BEATS)) dut (.*);

    always_ff @(posedge clk) begin
        if (begun) starts_q[begin_q] <= now_q;
        if (first_start) origin_q <= 32'(latest);
        if (rst || stream_rst) begin
            {now_q, jobs_q, begin_q, end_q, first_q, beat_q} <= '0;
            idle_q <= 1'b1;
        end else begin
            now_q   <= now_q + 1'b1;
            jobs_q  <= jobs_q + 2'(begun) - 2'(done);
            begin_q <= begin_q ^ begun;
            end_q   <= end_q ^ done;
            beat_q  <= beat_q ^ first_beat;
            first_q <= first_start || (first_q && !frame_end);
            idle_q  <= first_start || (idle_q && !begun);
        end
        if (rst || clear) begin
            {cycles_q, frames_q, job_q, latency_q} <= '0;
        end else begin
            cycles_q <= cycles_q + 48'(running);
            frames_q <= frames_q + 32'(frame_end);
            if (done) job_q <= now_q - starts_q[end_q];
            if (first_q && frame_end) latency_q <= 32'(now_q) - origin_q;
        end
    end

    always_comb begin
        assume (!begun || (jobs_q < 2 && idle_q));      // all streams have taken the one before
        assume (!done || jobs_q > 2'(!idle_q));
        assume (!first_start || begun || !idle_q);  // of the job that began last
        assert (jobs_q <= 2 && (begin_q ^ end_q) == jobs_q[0]);
        assert (dut.now_q == now_q && dut.under_way_q == (jobs_q != 0) && dut.ahead_q == (jobs_q == 2));
        assert (dut.first_q == first_q && dut.beats_q == 2'(beat_q));
        if (jobs_q != 0) assert (dut.start_q == starts_q[end_q]);
        if (jobs_q == 2) assert (dut.start_next_q == starts_q[!end_q]);
        assert (cycles == cycles_q && frames == frames_q && job_cycles == job_q && job_latency == latency_q);
        if (first_q) assert (dut.output_start_q == origin_q);
        assert (idle_q || jobs_q != 0);
    end
endmodule

`default_nettype wire
