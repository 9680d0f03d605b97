// Random bursts through the bridge: every beat at its address, with its strobes, in order; IDs, last and responses as sent.
`default_nettype none
module axi3_to_lite_bench (input wire clk, input wire rst, output logic [31:0] bursts);
    logic [63:0] lfsr;
    always_ff @(posedge clk) lfsr <= rst ? 64'h9e3779b97f4a7c15 : {lfsr[62:0], lfsr[63] ^ lfsr[62] ^ lfsr[60] ^ lfsr[59]};

    logic [11:0] arid, awid, rid, bid;
    logic [11:0] araddr, awaddr, m_araddr, m_awaddr;
    logic [3:0] arlen, awlen, wstrb, m_wstrb;
    logic arvalid, arready, rlast, rvalid, rready, awvalid, awready, wlast, wvalid, wready, bvalid, bready;
    logic [31:0] rdata, wdata, m_rdata, m_wdata;
    logic [1:0] rresp, bresp, m_rresp, m_bresp;
    logic m_arvalid, m_arready, m_rvalid, m_rready, m_awvalid, m_awready, m_wvalid, m_wready, m_bvalid, m_bready;
    sf_axi3_to_lite dut (
        .s_arid(arid), .s_araddr(araddr), .s_arlen(arlen), .s_arvalid(arvalid), .s_arready(arready), .s_rid(rid),
        .s_rdata(rdata), .s_rresp(rresp), .s_rlast(rlast), .s_rvalid(rvalid), .s_rready(rready), .s_awid(awid),
        .s_awaddr(awaddr), .s_awvalid(awvalid), .s_awready(awready), .s_wdata(wdata), .s_wstrb(wstrb), .s_wlast(wlast),
        .s_wvalid(wvalid), .s_wready(wready), .s_bid(bid), .s_bresp(bresp), .s_bvalid(bvalid), .s_bready(bready), .*
    );

    // Lite slave: data of a read is its address mixed; answers after a while; each write has to be the expected one.
    assign m_arready = !m_rvalid && lfsr[1];
    assign m_awready = !m_bvalid && m_wvalid && lfsr[2];
    assign m_wready  = m_awready && m_awvalid;
    logic [3:0] beat_w;
    logic [1:0] worst;
    always_ff @(posedge clk) begin
        if (m_arvalid && m_arready) begin m_rdata <= {8'h5a, m_araddr, m_araddr}; m_rresp <= m_araddr[7:6]; end
        m_rvalid <= !rst && ((m_arvalid && m_arready) || (m_rvalid && !m_rready));
        m_bvalid <= !rst && ((m_awvalid && m_awready) || (m_bvalid && !m_bready));
        if (m_awvalid && m_awready) begin
            m_bresp <= m_awaddr[7:6];
            worst <= beat_w == 0 || m_awaddr[7:6] > worst ? m_awaddr[7:6] : worst;
            if (m_awaddr != awaddr_sent + 12'(4 * beat_w)) $fatal(1, "write %0d at %h", beat_w, m_awaddr);
            if (m_wdata != {awaddr_sent, 16'hbeef, beat_w} || m_wstrb != beat_w) $fatal(1, "write data %h", m_wdata);
        end
    end

    // Master: one read burst and one write burst under way, the next at random.
    logic reading, writing, sending;
    logic [11:0] araddr_sent, arid_sent, awaddr_sent, awid_sent;
    logic [3:0] arlen_sent, awlen_sent, beat_r;
    assign rready = lfsr[4];
    assign bready = lfsr[5];
    assign wvalid = sending;
    assign wdata  = {awaddr_sent, 16'hbeef, beat_w};
    assign wstrb  = beat_w;
    assign wlast  = beat_w == awlen_sent;
    always_ff @(posedge clk) begin
        if (!arvalid && !reading && lfsr[6]) begin
            arvalid <= 1; arid <= lfsr[31:20]; araddr <= {lfsr[19:10], 2'b00}; arlen <= lfsr[35:32];
        end
        if (arvalid && arready) begin
            arvalid <= 0; reading <= 1; beat_r <= 0; {arid_sent, araddr_sent, arlen_sent} <= {arid, araddr, arlen};
        end
        if (rvalid && rready) begin
            if (rid != arid_sent || rlast != (beat_r == arlen_sent)) $fatal(1, "read id %h last %b", rid, rlast);
            if (rdata[11:0] != araddr_sent + 12'(4 * beat_r) || rresp != rdata[7:6]) $fatal(1, "read data %h", rdata);
            beat_r <= beat_r + 1;
            if (rlast) begin reading <= 0; bursts <= bursts + 1; end
        end
        if (!awvalid && !writing && lfsr[7]) begin
            awvalid <= 1; awid <= lfsr[47:36]; awaddr <= {lfsr[57:48], 2'b00}; awlen <= lfsr[61:58];
        end
        if (awvalid && awready) begin
            awvalid <= 0; writing <= 1; sending <= 1; beat_w <= 0; {awid_sent, awaddr_sent, awlen_sent} <= {awid, awaddr, awlen};
        end
        if (wvalid && wready) begin beat_w <= beat_w + 1; if (wlast) sending <= 0; end
        if (bvalid && bready) begin
            if (bid != awid_sent || bresp != worst) $fatal(1, "write id %h response %b, worst %b", bid, bresp, worst);
            writing <= 0; bursts <= bursts + 1;
        end
        if (rst) begin arvalid <= 0; awvalid <= 0; reading <= 0; writing <= 0; sending <= 0; bursts <= 0; end
    end
endmodule
`default_nettype wire
