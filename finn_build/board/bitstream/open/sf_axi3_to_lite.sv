// From a Zynq-7000's AXI3 master (M_AXI_GP) to an AXI4-Lite slave, where no vendor's interconnect does it.
//
// Function   every beat of a burst becomes one access, at addresses that rise by a word; IDs are given back; the response of
//            a write is the worst of its beats. One read and one write at a time.
// Latency    1 cycle to the first access. II: that of the slave, and 1 cycle.
// Reset      nothing under way.
`default_nettype none

module sf_axi3_to_lite #(
    parameter int ADDR_BITS = 12
) (
    input  wire                  clk,
    input  wire                  rst,        /// synchronous, active high
    input  wire  [         11:0] s_arid,
    input  wire  [ADDR_BITS-1:0] s_araddr,
    input  wire  [          3:0] s_arlen,
    input  wire                  s_arvalid,
    output logic                 s_arready,
    output logic [         11:0] s_rid,
    output logic [         31:0] s_rdata,
    output logic [          1:0] s_rresp,
    output logic                 s_rlast,
    output logic                 s_rvalid,
    input  wire                  s_rready,
    input  wire  [         11:0] s_awid,
    input  wire  [ADDR_BITS-1:0] s_awaddr,
    input  wire                  s_awvalid,
    output logic                 s_awready,
    input  wire  [         31:0] s_wdata,
    input  wire  [          3:0] s_wstrb,
    input  wire                  s_wlast,
    input  wire                  s_wvalid,
    output logic                 s_wready,
    output logic [         11:0] s_bid,
    output logic [          1:0] s_bresp,
    output logic                 s_bvalid,
    input  wire                  s_bready,
    output logic [ADDR_BITS-1:0] m_araddr,
    output logic                 m_arvalid,
    input  wire                  m_arready,
    input  wire  [         31:0] m_rdata,
    input  wire  [          1:0] m_rresp,
    input  wire                  m_rvalid,
    output logic                 m_rready,
    output logic [ADDR_BITS-1:0] m_awaddr,
    output logic                 m_awvalid,
    input  wire                  m_awready,
    output logic [         31:0] m_wdata,
    output logic [          3:0] m_wstrb,
    output logic                 m_wvalid,
    input  wire                  m_wready,
    input  wire  [          1:0] m_bresp,
    input  wire                  m_bvalid,
    output logic                 m_bready
);
    // Reads: a burst is busy until its last beat; its present beat is asked for until the slave takes the address.
    logic reading_q, asked_q;
    logic [3:0] left_q;
    wire read_beat = s_rvalid && s_rready;

    assign s_arready = !reading_q;
    assign m_arvalid = reading_q && !asked_q;
    assign s_rvalid  = asked_q && m_rvalid;
    assign m_rready  = asked_q && s_rready;
    assign s_rdata   = m_rdata;
    assign s_rresp   = m_rresp;
    assign s_rlast   = left_q == '0;

    always_ff @(posedge clk) begin
        if (s_arvalid && s_arready) begin
            s_rid    <= s_arid;
            m_araddr <= s_araddr;
            left_q   <= s_arlen;
        end else if (read_beat) begin
            m_araddr <= m_araddr + ADDR_BITS'(4);
            left_q   <= left_q - 4'd1;
        end
        if (rst) begin
            reading_q <= 1'b0;
            asked_q   <= 1'b0;
        end else begin
            reading_q <= (s_arvalid && s_arready) || (reading_q && !(read_beat && s_rlast));
            asked_q   <= (m_arvalid && m_arready) || (asked_q && !read_beat);
        end
    end

    // Writes: a beat stays on the master's side until the slave has answered it.
    logic writing_q, addressed_q, sent_q, done_q;
    wire write_beat = m_bvalid && m_bready;

    assign s_awready = !writing_q;
    assign m_awvalid = writing_q && !done_q && s_wvalid && !addressed_q;
    assign m_wvalid  = writing_q && !done_q && s_wvalid && !sent_q;
    assign m_wdata   = s_wdata;
    assign m_wstrb   = s_wstrb;
    assign m_bready  = addressed_q && sent_q;
    assign s_wready  = write_beat;
    assign s_bvalid  = done_q;

    always_ff @(posedge clk) begin
        if (s_awvalid && s_awready) begin
            s_bid    <= s_awid;
            m_awaddr <= s_awaddr;
            s_bresp  <= 2'b00;
        end else if (write_beat) begin
            m_awaddr <= m_awaddr + ADDR_BITS'(4);
            s_bresp  <= m_bresp > s_bresp ? m_bresp : s_bresp;
        end
        if (rst) begin
            writing_q   <= 1'b0;
            addressed_q <= 1'b0;
            sent_q      <= 1'b0;
            done_q      <= 1'b0;
        end else begin
            writing_q   <= (s_awvalid && s_awready) || (writing_q && !(s_bvalid && s_bready));
            addressed_q <= (m_awvalid && m_awready) || (addressed_q && !write_beat);
            sent_q      <= (m_wvalid && m_wready) || (sent_q && !write_beat);
            done_q      <= (write_beat && s_wlast) || (done_q && !s_bready);
        end
    end
endmodule
`default_nettype wire
