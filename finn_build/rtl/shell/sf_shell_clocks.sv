// How long jobs take, in cycles.
//
// Function   cycles     with a job running, since `clear`
//            frames     that left output 0, since `clear`
//            job_cycles of the latest job done, from start to end
//            job_latency from the start of a job to the last beat of its first frame on output 0, of the latest such
// Counters   48 bits at 250 MHz last 13 days. Two jobs may be under way, so two starts are kept.
`default_nettype none

module sf_shell_clocks #(
    parameter int FRAME_BEATS = 1  /// beats of a frame on output 0
) (
    input  wire         clk,
    input  wire         rst,          /// synchronous, active high
    input  wire         stream_rst,   /// jobs and frames under way are lost
    input  wire         clear,
    input  wire         running,
    input  wire         begun,        /// pulse: a job starts
    input  wire         done,         /// pulse: the oldest job ends
    input  wire         first_start,  /// pulse: output 0 takes a job
    input  wire         first_beat,   /// pulse: a beat of output 0
    output logic [47:0] cycles,
    output logic [31:0] frames,
    output logic [47:0] job_cycles,
    output logic [31:0] job_latency
);
    localparam int COUNT = $clog2(FRAME_BEATS + 1);

    logic [47:0] now_q, start_q, start_next_q;
    logic [31:0] output_start_q;
    logic [COUNT-1:0] beats_q;  // of the frame under way on output 0
    logic under_way_q;          // start_q is that of a job
    logic ahead_q;              // a second job began, its start in start_next_q
    logic first_q;              // the frame under way is its job's first
    wire frame_end = first_beat && beats_q == COUNT'(FRAME_BEATS - 1);
    wire oldest = begun && (!under_way_q || (done && !ahead_q));  // what begins is the oldest from now on

    always_ff @(posedge clk) begin
        if (oldest) start_q <= now_q;
        else if (done) start_q <= start_next_q;
        if (begun) start_next_q <= now_q;
        if (first_start) output_start_q <= begun ? 32'(now_q) : ahead_q ? 32'(start_next_q) : 32'(start_q);
        if (rst || stream_rst) begin
            now_q <= '0;
            beats_q <= '0;
            under_way_q <= 1'b0;
            ahead_q <= 1'b0;
            first_q <= 1'b0;
        end else begin
            now_q <= now_q + 48'd1;
            if (first_beat) beats_q <= frame_end ? '0 : beats_q + COUNT'(1);
            under_way_q <= begun || ahead_q || (under_way_q && !done);
            ahead_q <= !oldest && (begun || (ahead_q && !done));
            first_q <= first_start || (first_q && !frame_end);
        end
        if (rst || clear) begin
            cycles <= '0;
            frames <= '0;
            job_cycles <= '0;
            job_latency <= '0;
        end else begin
            cycles <= cycles + 48'(running);
            frames <= frames + 32'(frame_end);
            if (done) job_cycles <= now_q - start_q;
            if (first_q && frame_end) job_latency <= 32'(now_q) - output_start_q;
        end
    end
endmodule

`default_nettype wire
