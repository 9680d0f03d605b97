// The shell: memory to streams to memory, controlled over AXI4-Lite. README.md: ports, packing, registers.
//
// Streams    inputs first, then outputs; input i and output i share AXI master i. The accelerator's streams lie side by side
//            in one vector each, stream 0 in the low bits.
// Skips      the last SKIPS inputs and outputs are the ends of FIFOs in memory: what enters by the output leaves by the input.
// Clocking   one clock. `accelerator_rst_n` holds the accelerator in reset after power-up, errors and soft resets.
// Area       (Yosys, one input and one output of 1 byte) xc7, 64 bits: 1,429 LUT, 1,810 FF; xcup, 128 bits: 1,655 LUT,
//            2,173 FF. No block RAM, no DSP.
`default_nettype none

module sf_shell #(
    parameter int INPUTS     = 1,
    parameter int OUTPUTS    = 1,
    parameter int SKIPS      = 0,   /// of the inputs, and of the outputs
    parameter int ADDR_BITS  = 32,
    parameter int DATA_BITS  = 64,
    parameter bit [INPUTS+OUTPUTS-1:0][31:0] BEAT_BYTES  = {32'd1, 32'd1},
    parameter bit [INPUTS+OUTPUTS-1:0][31:0] FRAME_BYTES = {32'd1, 32'd1},
    parameter int IN_BITS    = 8,   /// of all input beats together
    parameter int OUT_BITS   = 8    /// of all output beats together
) (
    input  wire                 clk,
    input  wire                 rst,            /// synchronous, active high
    output logic                irq,            /// level
    output logic                accelerator_rst_n,
    input  wire  [        11:0] s_axi_awaddr,
    input  wire                 s_axi_awvalid,
    output logic                s_axi_awready,
    input  wire  [        31:0] s_axi_wdata,
    input  wire  [         3:0] s_axi_wstrb,
    input  wire                 s_axi_wvalid,
    output logic                s_axi_wready,
    output logic [         1:0] s_axi_bresp,
    output logic                s_axi_bvalid,
    input  wire                 s_axi_bready,
    input  wire  [        11:0] s_axi_araddr,
    input  wire                 s_axi_arvalid,
    output logic                s_axi_arready,
    output logic [        31:0] s_axi_rdata,
    output logic [         1:0] s_axi_rresp,
    output logic                s_axi_rvalid,
    input  wire                 s_axi_rready,
    output logic [INPUTS-1:0][ADDR_BITS-1:0] m_axi_araddr,
    output logic [INPUTS-1:0][7:0]           m_axi_arlen,
    output logic [INPUTS-1:0]                m_axi_arvalid,
    input  wire  [INPUTS-1:0]                m_axi_arready,
    input  wire  [INPUTS-1:0][DATA_BITS-1:0] m_axi_rdata,
    input  wire  [INPUTS-1:0][1:0]           m_axi_rresp,
    input  wire  [INPUTS-1:0]                m_axi_rlast,
    input  wire  [INPUTS-1:0]                m_axi_rvalid,
    output logic [INPUTS-1:0]                m_axi_rready,
    output logic [OUTPUTS-1:0][ADDR_BITS-1:0] m_axi_awaddr,
    output logic [OUTPUTS-1:0][7:0]           m_axi_awlen,
    output logic [OUTPUTS-1:0]                m_axi_awvalid,
    input  wire  [OUTPUTS-1:0]                m_axi_awready,
    output logic [OUTPUTS-1:0][DATA_BITS-1:0] m_axi_wdata,
    output logic [OUTPUTS-1:0][DATA_BITS/8-1:0] m_axi_wstrb,
    output logic [OUTPUTS-1:0]                m_axi_wlast,
    output logic [OUTPUTS-1:0]                m_axi_wvalid,
    input  wire  [OUTPUTS-1:0]                m_axi_wready,
    input  wire  [OUTPUTS-1:0][1:0]           m_axi_bresp,
    input  wire  [OUTPUTS-1:0]                m_axi_bvalid,
    output logic [OUTPUTS-1:0]                m_axi_bready,
    output logic [IN_BITS-1:0]  to_data,        /// to the accelerator's inputs
    output logic [INPUTS-1:0]   to_valid,
    input  wire  [INPUTS-1:0]   to_ready,
    input  wire  [OUT_BITS-1:0] from_data,      /// from the accelerator's outputs
    input  wire  [OUTPUTS-1:0]  from_valid,
    output logic [OUTPUTS-1:0]  from_ready
);
    localparam int STREAMS = INPUTS + OUTPUTS;
    localparam int BURST = 16;  // words: what AXI3 allows

    /// Bits of the streams `first` to `stream` - 1 together.
    function automatic int bits_before(input int stream, input int first);
        int bits = 0;
        for (int i = first; i < stream; i++) bits += 8 * int'(BEAT_BYTES[i]);
        return bits;
    endfunction

    if (bits_before(INPUTS, 0) != IN_BITS || bits_before(STREAMS, INPUTS) != OUT_BITS) begin : g_illegal
        $fatal(1, "shell: IN_BITS=%0d, OUT_BITS=%0d are not the sums of BEAT_BYTES", IN_BITS, OUT_BITS);
    end

    logic write, read, start, reset, clear, bad, idle, queued, running, halt, begun, done, error_pulse, stream_rst;
    logic [9:0] write_address, read_address;
    logic [31:0] write_data, read_data, timeout, error, error_streams, frames, job_latency;
    logic [7:0] bad_stream;
    logic [47:0] cycles, job_cycles;
    logic [STREAMS-1:0][ADDR_BITS-1:0] job_address;
    logic [STREAMS-1:0][31:0] job_bytes, beats, stalled, starved;
    logic [STREAMS-1:0] job_valid, job_ready, quiet, failed;
    logic [STREAMS-1:0][1:0] failed_resp;
    wire [STREAMS-1:0] valid = {from_valid, to_valid};
    wire [STREAMS-1:0] ready = {from_ready, to_ready};

    sf_shell_axilite u_axilite (.*);

    sf_shell_registers #(
        .INPUTS(INPUTS), .OUTPUTS(OUTPUTS), .ADDR_BITS(ADDR_BITS), .WORD_BYTES(DATA_BITS / 8), .BURST(BURST),
        .BEAT_BYTES(BEAT_BYTES), .FRAME_BYTES(FRAME_BYTES)
    ) u_registers (.*);

    sf_shell_jobs #(.STREAMS(STREAMS)) u_jobs (.*, .writes({{OUTPUTS{1'b1}}, INPUTS'(0)}));

    // What the clocks see is a cycle old, all of it alike; nothing of what drains.
    logic running_q, begun_q, done_q, first_start_q, first_beat_q;
    always_ff @(posedge clk) begin
        if (rst || reset || halt) {running_q, begun_q, done_q, first_start_q, first_beat_q} <= '0;
        else begin
            {running_q, begun_q, done_q} <= {running, begun, done};
            first_start_q <= job_valid[INPUTS] && job_ready[INPUTS];
            first_beat_q <= from_valid[0] && from_ready[0];
        end
    end
    sf_shell_clocks #(.FRAME_BEATS(FRAME_BYTES[INPUTS] / BEAT_BYTES[INPUTS])) u_clocks (
        .*, .clear(clear || reset), .running(running_q), .begun(begun_q), .done(done_q), .first_start(first_start_q),
        .first_beat(first_beat_q)
    );

    always_ff @(posedge clk) accelerator_rst_n <= !(rst || stream_rst);

    for (genvar i = 0; i < STREAMS; i++) begin : g_stream
        sf_shell_monitor u_monitor (
            .clk, .clear(rst || clear || reset), .running, .valid(valid[i]), .ready(ready[i]), .beats(beats[i]),
            .stalled(stalled[i]), .starved(starved[i])
        );
    end

    for (genvar i = 0; i < INPUTS - SKIPS; i++) begin : g_input
        sf_shell_reader #(.ADDR_BITS(ADDR_BITS), .DATA_BITS(DATA_BITS), .BEAT_BYTES(BEAT_BYTES[i]), .BURST(BURST)) u_reader (
            .clk, .rst(rst || stream_rst), .halt, .quiet(quiet[i]), .job_valid(job_valid[i]), .job_ready(job_ready[i]),
            .job_address(job_address[i]), .job_bytes(job_bytes[i]), .failed(failed[i]), .failed_resp(failed_resp[i]),
            .m_axi_araddr(m_axi_araddr[i]), .m_axi_arlen(m_axi_arlen[i]), .m_axi_arvalid(m_axi_arvalid[i]),
            .m_axi_arready(m_axi_arready[i]), .m_axi_rdata(m_axi_rdata[i]), .m_axi_rresp(m_axi_rresp[i]),
            .m_axi_rlast(m_axi_rlast[i]), .m_axi_rvalid(m_axi_rvalid[i]), .m_axi_rready(m_axi_rready[i]),
            .out0_data(to_data[bits_before(i, 0)+:8*BEAT_BYTES[i]]), .out0_valid(to_valid[i]), .out0_ready(to_ready[i])
        );
    end

    for (genvar i = 0; i < OUTPUTS - SKIPS; i++) begin : g_output
        localparam int S = INPUTS + i;
        sf_shell_writer #(.ADDR_BITS(ADDR_BITS), .DATA_BITS(DATA_BITS), .BEAT_BYTES(BEAT_BYTES[S]), .BURST(BURST)) u_writer (
            .clk, .rst(rst || stream_rst), .halt, .quiet(quiet[S]), .job_valid(job_valid[S]), .job_ready(job_ready[S]),
            .job_address(job_address[S]), .job_bytes(job_bytes[S]), .failed(failed[S]), .failed_resp(failed_resp[S]),
            .m_axi_awaddr(m_axi_awaddr[i]), .m_axi_awlen(m_axi_awlen[i]), .m_axi_awvalid(m_axi_awvalid[i]),
            .m_axi_awready(m_axi_awready[i]), .m_axi_wdata(m_axi_wdata[i]), .m_axi_wstrb(m_axi_wstrb[i]),
            .m_axi_wlast(m_axi_wlast[i]), .m_axi_wvalid(m_axi_wvalid[i]), .m_axi_wready(m_axi_wready[i]),
            .m_axi_bresp(m_axi_bresp[i]), .m_axi_bvalid(m_axi_bvalid[i]), .m_axi_bready(m_axi_bready[i]),
            .in0_data(from_data[bits_before(S, INPUTS)+:8*BEAT_BYTES[S]]), .in0_valid(from_valid[i]),
            .in0_ready(from_ready[i])
        );
    end

    for (genvar k = 0; k < SKIPS; k++) begin : g_skip
        localparam int R = INPUTS - SKIPS + k;   // input
        localparam int W = OUTPUTS - SKIPS + k;  // output
        localparam int S = INPUTS + W;           // stream of the output
        assign job_ready[R] = 1'b1;  // it takes no part in jobs
        assign job_ready[S] = 1'b1;
        sf_shell_skip #(.ADDR_BITS(ADDR_BITS), .DATA_BITS(DATA_BITS), .BEAT_BYTES(BEAT_BYTES[S]), .BURST(BURST)) u_skip (
            .clk, .rst(rst || stream_rst), .halt, .write_quiet(quiet[S]), .read_quiet(quiet[R]), .job_valid(job_valid[S]),
            .job_address(job_address[S]), .job_bytes(job_bytes[S]), .write_failed(failed[S]),
            .write_failed_resp(failed_resp[S]), .read_failed(failed[R]), .read_failed_resp(failed_resp[R]),
            .m_axi_awaddr(m_axi_awaddr[W]), .m_axi_awlen(m_axi_awlen[W]), .m_axi_awvalid(m_axi_awvalid[W]),
            .m_axi_awready(m_axi_awready[W]), .m_axi_wdata(m_axi_wdata[W]), .m_axi_wstrb(m_axi_wstrb[W]),
            .m_axi_wlast(m_axi_wlast[W]), .m_axi_wvalid(m_axi_wvalid[W]), .m_axi_wready(m_axi_wready[W]),
            .m_axi_bresp(m_axi_bresp[W]), .m_axi_bvalid(m_axi_bvalid[W]), .m_axi_bready(m_axi_bready[W]),
            .m_axi_araddr(m_axi_araddr[R]), .m_axi_arlen(m_axi_arlen[R]), .m_axi_arvalid(m_axi_arvalid[R]),
            .m_axi_arready(m_axi_arready[R]), .m_axi_rdata(m_axi_rdata[R]), .m_axi_rresp(m_axi_rresp[R]),
            .m_axi_rlast(m_axi_rlast[R]), .m_axi_rvalid(m_axi_rvalid[R]), .m_axi_rready(m_axi_rready[R]),
            .in0_data(from_data[bits_before(S, INPUTS)+:8*BEAT_BYTES[S]]), .in0_valid(from_valid[W]),
            .in0_ready(from_ready[W]), .out0_data(to_data[bits_before(R, 0)+:8*BEAT_BYTES[R]]), .out0_valid(to_valid[R]),
            .out0_ready(to_ready[R])
        );
    end
endmodule

`default_nettype wire
