// A sf_shell_reader always has room for the words it asked for, whatever memory and stream do, halted or not: proven by
// induction, the memory answering nothing that was not asked for.
`default_nettype none

module reader_proof #(
    parameter int ADDR_BITS  = 32,
    parameter int DATA_BITS  = 16,
    parameter int BEAT_BYTES = 1,
    parameter int BURST      = 16,
    parameter int DEPTH      = 64
) (
    input wire                 clk,
    input wire                 rst,
    input wire                 halt,
    input wire                 job_valid,
    input wire [ADDR_BITS-1:0] job_address,
    input wire [         31:0] job_bytes,
    input wire                 m_axi_arready,
    input wire [DATA_BITS-1:0] m_axi_rdata,
    input wire                 m_axi_rlast,
    input wire                 m_axi_rvalid,
    input wire                 out0_ready
);
    logic quiet, job_ready, failed, m_axi_arvalid, m_axi_rready, out0_valid, waits_q, stopped_q;
    logic [1:0] failed_resp;
    logic [ADDR_BITS-1:0] m_axi_araddr, address_q;
    logic [7:0] m_axi_arlen;
    logic [8*BEAT_BYTES-1:0] out0_data;

    sf_shell_reader #(
        .ADDR_BITS(ADDR_BITS), .DATA_BITS(DATA_BITS), .BEAT_BYTES(BEAT_BYTES), .BURST(BURST), .DEPTH(DEPTH)
    ) dut (.*, .m_axi_rresp(2'b00));

    wire [7:0] buffered = 8'(dut.u_words.g_memory.g_ram.count_q) + 8'(dut.u_words.valid_q);

    always_ff @(posedge clk) begin
        waits_q   <= !rst && m_axi_arvalid && !m_axi_arready;
        address_q <= m_axi_araddr;
        stopped_q <= !rst && halt && (!m_axi_arvalid || m_axi_arready);
    end

    always_comb begin
        if (m_axi_rvalid) assume (dut.awaited_q != '0);
        if (dut.burst_valid) assert (dut.burst_words <= BURST);
        if (dut.fits_q && dut.burst_valid) assert (dut.claimed_q <= DEPTH - BURST);
        assert (dut.claimed_q <= DEPTH && dut.awaited_q <= dut.claimed_q);
        assert (buffered == 8'(dut.claimed_q) - 8'(dut.awaited_q));
        assert (dut.u_words.g_memory.room_q == (dut.u_words.g_memory.g_ram.count_q != DEPTH - 1) && dut.u_words.g_memory.g_ram.empty_q == (dut.u_words.g_memory.g_ram.count_q == '0));
        if (m_axi_rvalid) assert (m_axi_rready);
        if (stopped_q) assert (!m_axi_arvalid);
        if (waits_q) assert (m_axi_arvalid && m_axi_araddr == address_q);
    end
endmodule

`default_nettype wire
