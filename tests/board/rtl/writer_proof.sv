// A sf_shell_writer announces a burst only once it holds all of its words, and ends every one, whatever memory and stream do,
// halted or not: proven by induction, the memory answering nothing that was not announced.
`default_nettype none

module writer_proof #(
    parameter int ADDR_BITS  = 32,
    parameter int DATA_BITS  = 16,
    parameter int BEAT_BYTES = 1,
    parameter int BURST      = 16,
    parameter int DEPTH      = 64  // in block RAM's form, whose counters are the simplest to refer to
) (
    input wire                    clk,
    input wire                    rst,
    input wire                    halt,
    input wire                    job_valid,
    input wire [   ADDR_BITS-1:0] job_address,
    input wire [            31:0] job_bytes,
    input wire                    m_axi_awready,
    input wire                    m_axi_wready,
    input wire                    m_axi_bvalid,
    input wire [8*BEAT_BYTES-1:0] in0_data,
    input wire                    in0_valid
);
    logic quiet, job_ready, failed, m_axi_awvalid, m_axi_wvalid, m_axi_wlast, m_axi_bready, in0_ready, waits_q, stopped_q, holds_q;
    logic [1:0] failed_resp;
    logic [ADDR_BITS-1:0] m_axi_awaddr, address_q;
    logic [7:0] m_axi_awlen, sent_q, length_q;
    logic [9:0] flights_q;  // bursts without a response, with room to spare
    logic [DATA_BITS-1:0] m_axi_wdata;
    logic [DATA_BITS/8-1:0] m_axi_wstrb, strobes_q;

    sf_shell_writer #(
        .ADDR_BITS(ADDR_BITS), .DATA_BITS(DATA_BITS), .BEAT_BYTES(BEAT_BYTES), .BURST(BURST), .DEPTH(DEPTH)
    ) dut (.*, .m_axi_bresp(2'b00));

    wire [7:0] unclaimed = 8'(dut.free_q) - (dut.claims_q ? 8'(dut.words_q) : 8'd0);
    wire [7:0] buffered = 8'(dut.u_buffer.g_memory.g_ram.count_q) + 8'(dut.u_buffer.valid_q);

    always_ff @(posedge clk) begin
        waits_q   <= !rst && m_axi_awvalid && !m_axi_awready;
        address_q <= m_axi_awaddr;
        stopped_q <= !rst && halt && (!m_axi_awvalid || m_axi_awready);
        holds_q   <= !rst && m_axi_wvalid && !m_axi_wready;
        strobes_q <= m_axi_wstrb;
        flights_q <= rst ? '0 : flights_q + 10'(dut.announce) - 10'(m_axi_bvalid);
        if (dut.announce) begin
            length_q <= 8'(dut.burst_words);
            sent_q   <= '0;
        end else if (m_axi_wvalid && m_axi_wready) begin
            sent_q <= sent_q + 8'd1;
        end
    end

    always_comb begin
        if (m_axi_bvalid) assume (dut.flights_q != '0);
        if (dut.busy_q) assert (buffered == unclaimed + 8'(dut.words_q) && unclaimed <= DEPTH);
        else assert (quiet && !dut.bursts_left && !dut.burst_valid);
        if (dut.claims_q) assert (dut.busy_q && !dut.burst_valid && !dut.held_q && sent_q == '0);
        assert (dut.wanted_q == (dut.busy_q && dut.left_q != '0) && dut.flush_q == !dut.wanted_q);
        assert (dut.sending_q == (dut.words_q != '0));
        if (dut.burst_valid) assert (dut.bursts_left && dut.burst_words != '0 && int'(dut.burst_words) <= BURST);
        if (dut.held_q) assert (dut.burst_valid && dut.flights_q != '1 && unclaimed >= 8'(dut.burst_words));
        assert (dut.u_buffer.g_memory.room_q == (dut.u_buffer.g_memory.g_ram.count_q != DEPTH - 1) && dut.u_buffer.g_memory.g_ram.empty_q == (dut.u_buffer.g_memory.g_ram.count_q == '0));
        assert (buffered <= DEPTH && flights_q == 10'(dut.flights_q));
        if (dut.words_q != '0) assert (sent_q + 8'(dut.words_q) == length_q && int'(length_q) <= BURST);
        if (m_axi_wvalid) assert (m_axi_wlast == (sent_q + 8'd1 == length_q));
        if (stopped_q) assert (!m_axi_awvalid);
        if (waits_q) assert (m_axi_awvalid && m_axi_awaddr == address_q);
        if (holds_q) assert (m_axi_wvalid && m_axi_wstrb == strobes_q);
    end
endmodule

`default_nettype wire
