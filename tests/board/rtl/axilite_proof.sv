// A sf_shell_axilite gives one response for each access, with the data of that access, whatever the bus does: proven by
// induction. Accesses and responses are counted modulo 256.
`default_nettype none

module axilite_proof #(
    parameter int ADDR_BITS = 12
) (
    input wire                 clk,
    input wire                 rst,
    input wire [ADDR_BITS-1:0] s_axi_awaddr,
    input wire                 s_axi_awvalid,
    input wire [         31:0] s_axi_wdata,
    input wire [          3:0] s_axi_wstrb,
    input wire                 s_axi_wvalid,
    input wire                 s_axi_bready,
    input wire [ADDR_BITS-1:0] s_axi_araddr,
    input wire                 s_axi_arvalid,
    input wire                 s_axi_rready,
    input wire [         31:0] read_data
);
    logic s_axi_awready, s_axi_wready, s_axi_bvalid, s_axi_arready, s_axi_rvalid, write, read;
    logic [1:0] s_axi_bresp, s_axi_rresp;
    logic [31:0] s_axi_rdata, write_data, data_q, written_q;
    logic [ADDR_BITS-3:0] write_address, read_address, place_q;
    logic writes_q, looks_q, stood_q;  // stood: the address in the two cycles before
    logic [ADDR_BITS-1:0] address_q;
    logic [7:0] addresses_q, words_q, answers_q, reads_q, replies_q;

    sf_shell_axilite #(.ADDR_BITS(ADDR_BITS)) dut (.*);

    always_ff @(posedge clk) begin
        if (s_axi_arvalid && s_axi_arready) data_q <= read_data;
        looks_q   <= !rst && s_axi_arvalid && !s_axi_arready;
        stood_q   <= !rst && looks_q && s_axi_arvalid && !s_axi_arready;
        address_q <= s_axi_araddr;
        writes_q  <= !rst && s_axi_awvalid && s_axi_awready && s_axi_wvalid && s_axi_wready && s_axi_wstrb == 4'hF;
        written_q <= s_axi_wdata;
        place_q   <= s_axi_awaddr[ADDR_BITS-1:2];
        if (rst) begin
            {addresses_q, words_q, answers_q, reads_q, replies_q} <= '0;
        end else begin
            addresses_q <= addresses_q + 8'(s_axi_awvalid && s_axi_awready);
            words_q     <= words_q + 8'(s_axi_wvalid && s_axi_wready);
            answers_q   <= answers_q + 8'(s_axi_bvalid && s_axi_bready);
            reads_q     <= reads_q + 8'(s_axi_arvalid && s_axi_arready);
            replies_q   <= replies_q + 8'(s_axi_rvalid && s_axi_rready);
        end
    end

    always_comb begin
        assume (!looks_q || (s_axi_arvalid && s_axi_araddr == address_q));
        if (read) assert (stood_q);
        assert (addresses_q == words_q && addresses_q - answers_q == 8'(s_axi_bvalid || dut.taken_q));
        assert (!s_axi_bvalid || !dut.taken_q);
        assert (reads_q - replies_q == 8'(s_axi_rvalid));
        assert (!s_axi_rvalid || !s_axi_arready);
        if (s_axi_rvalid) assert (s_axi_rdata == data_q);
        assert (write == writes_q);
        if (write) assert (write_data == written_q && write_address == place_q);
    end
endmodule

`default_nettype wire
