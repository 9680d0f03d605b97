// AXI4-Lite slave in front of registers: one access at a time.
//
// Function   a write of a whole word is a pulse of `write` with address and data, registered; one with strobes missing is
//            answered and ignored. A read samples `read_data` in the cycle of `read`, for a
//            `read_address` that holds since two cycles before.
// Latency    2 cycles to a write's response, which comes when what was written has acted, up to a cycle after `write`; 3 to
//            a read's. II: 3 and 4 cycles.
// Reset      no access under way.
// Proven     one response for each access, data that hold, by induction (tests/board/test_proofs.py).
`default_nettype none

module sf_shell_axilite #(
    parameter int ADDR_BITS = 12
) (
    input  wire                  clk,
    input  wire                  rst,            /// synchronous, active high
    input  wire  [ADDR_BITS-1:0] s_axi_awaddr,
    input  wire                  s_axi_awvalid,
    output logic                 s_axi_awready,
    input  wire  [         31:0] s_axi_wdata,
    input  wire  [          3:0] s_axi_wstrb,
    input  wire                  s_axi_wvalid,
    output logic                 s_axi_wready,
    output logic [          1:0] s_axi_bresp,
    output logic                 s_axi_bvalid,
    input  wire                  s_axi_bready,
    input  wire  [ADDR_BITS-1:0] s_axi_araddr,
    input  wire                  s_axi_arvalid,
    output logic                 s_axi_arready,
    output logic [         31:0] s_axi_rdata,
    output logic [          1:0] s_axi_rresp,
    output logic                 s_axi_rvalid,
    input  wire                  s_axi_rready,
    output logic                 write,
    output logic [ADDR_BITS-3:0] write_address,  /// in words
    output logic [         31:0] write_data,
    output logic                 read,
    output logic [ADDR_BITS-3:0] read_address,   /// in words
    input  wire  [         31:0] read_data
);
    logic taken_q;
    logic [1:0] looked_q;  // for one cycle, for two
    wire accept = s_axi_awvalid && s_axi_wvalid && !s_axi_bvalid && !taken_q;

    assign s_axi_awready = accept;
    assign s_axi_wready  = accept;
    assign s_axi_arready = looked_q[1];
    assign s_axi_bresp   = 2'b00;
    assign s_axi_rresp   = 2'b00;
    assign read          = s_axi_arvalid && s_axi_arready;
    assign read_address  = s_axi_araddr[ADDR_BITS-1:2];

    always_ff @(posedge clk) begin
        if (read) s_axi_rdata <= read_data;
        write_address <= s_axi_awaddr[ADDR_BITS-1:2];
        write_data <= s_axi_wdata;
        write <= !rst && accept && s_axi_wstrb == '1;
        if (rst) begin
            taken_q      <= 1'b0;
            looked_q     <= '0;
            s_axi_bvalid <= 1'b0;
            s_axi_rvalid <= 1'b0;
        end else begin
            taken_q      <= accept;
            looked_q     <= {looked_q[0], s_axi_arvalid && looked_q == '0 && !s_axi_rvalid};
            s_axi_bvalid <= taken_q || (s_axi_bvalid && !s_axi_bready);
            s_axi_rvalid <= read || (s_axi_rvalid && !s_axi_rready);
        end
    end

    wire unused = &{1'b0, s_axi_awaddr[1:0], s_axi_araddr[1:0]};

`ifndef SYNTHESIS
    read_holds: assert property (@(posedge clk) disable iff (rst)
        s_axi_rvalid && !s_axi_rready |=> s_axi_rvalid && $stable(s_axi_rdata));
    write_holds: assert property (@(posedge clk) disable iff (rst)
        s_axi_bvalid && !s_axi_bready |=> s_axi_bvalid);
`endif
endmodule

`default_nettype wire
