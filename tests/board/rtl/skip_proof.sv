// A sf_shell_skip's ring, whatever memory and streams do, halted or not, proven by induction, the memory answering nothing
// that was not asked for: a group has all its beats; the words of the ring are where the counters say, never more than fit;
// every burst is full, and one that is read is the oldest whose write the memory has answered.
`default_nettype none

module skip_proof #(
    parameter int ADDR_BITS  = 32,
    parameter int DATA_BITS  = 16,
    parameter int BEAT_BYTES = 2,  // a word, so that all can be counted in words
    parameter int BURST      = 16,
    parameter int RING       = 64  // words
) (
    input wire                    clk,
    input wire                    rst,
    input wire                    halt,
    input wire                    job_valid,
    input wire [   ADDR_BITS-1:0] job_address,
    input wire                    m_axi_awready,
    input wire                    m_axi_wready,
    input wire                    m_axi_bvalid,
    input wire                    m_axi_arready,
    input wire [   DATA_BITS-1:0] m_axi_rdata,
    input wire                    m_axi_rlast,
    input wire                    m_axi_rvalid,
    input wire [8*BEAT_BYTES-1:0] in0_data,
    input wire                    in0_valid,
    input wire                    out0_ready
);
    logic write_quiet, read_quiet, write_failed, read_failed, in0_ready, out0_valid;
    logic m_axi_awvalid, m_axi_wvalid, m_axi_wlast, m_axi_bready, m_axi_arvalid, m_axi_rready;
    logic [1:0] write_failed_resp, read_failed_resp;
    logic [ADDR_BITS-1:0] m_axi_awaddr, m_axi_araddr;
    logic [7:0] m_axi_awlen, m_axi_arlen;
    logic [DATA_BITS-1:0] m_axi_wdata;
    logic [DATA_BITS/8-1:0] m_axi_wstrb;
    logic [8*BEAT_BYTES-1:0] out0_data;

    sf_shell_skip #(.ADDR_BITS(ADDR_BITS), .DATA_BITS(DATA_BITS), .BEAT_BYTES(BEAT_BYTES), .BURST(BURST)) dut (
        .*, .job_bytes(32'(2 * RING)), .m_axi_bresp(2'b00), .m_axi_rresp(2'b00)
    );

    localparam int PLACE = $clog2(RING);
    // What the parts hold, in words; the place of the oldest beat is -1 in an empty shift-register FIFO.
    wire [5:0] waiting_places = dut.u_waiting.g_memory.g_srl.tail_q + 6'd1;
    wire [5:0] buffer_places = dut.u_writer.u_buffer.g_memory.g_srl.tail_q + 6'd1;
    wire [31:0] waiting = 32'(waiting_places) + 32'(dut.u_waiting.valid_q);
    wire [31:0] buffered = 32'(buffer_places) + 32'(dut.u_writer.u_buffer.valid_q);
    wire [31:0] cut = 32'(dut.u_cut.valid_q) + 32'(!dut.u_cut.g_pair.room_q);
    wire [31:0] write_cut = 32'(dut.u_writer.u_cut.valid_q) + 32'(!dut.u_writer.u_cut.g_pair.room_q);
    wire [31:0] read_cut = 32'(dut.u_reader.u_cut.valid_q) + 32'(!dut.u_reader.u_cut.g_pair.room_q);
    wire [31:0] come = 32'(dut.u_reader.u_words.g_memory.g_ram.count_q) + 32'(dut.u_reader.u_words.valid_q);
    wire [31:0] packing = 32'(dut.u_writer.u_words.there_q) + write_cut;
    wire [31:0] unpacking = 32'(dut.u_reader.u_beats.there_q);
    wire [31:0] to_write = 32'(dut.u_writer.u_bursts.left_q);
    wire [31:0] to_read = 32'(dut.u_reader.u_bursts.left_q);
    wire [31:0] unsent = 32'(dut.u_writer.free_q) - (dut.u_writer.claims_q ? 32'(dut.u_writer.words_q) : 0);
    wire [31:0] bursts = 32'(dut.u_writer.flights_q) + 32'(dut.written_q) - 32'(m_axi_arvalid);  // in memory, not asked for
    wire [31:0] claimed = 32'(dut.u_reader.claimed_q);
    wire [31:0] base = 32'(dut.address_q >> 1);
    wire [31:0] used = dut.used_q + (dut.begun_q ? 2 * BURST : 0) - (dut.left_q ? BEAT_BYTES : 0);

    always_comb begin
        assume (job_address % (2 * BURST) == '0);
        if (m_axi_bvalid) assume (dut.u_writer.flights_q > 8'(dut.u_writer.words_q != '0 || m_axi_awvalid));
        if (m_axi_rvalid) assume (32'(dut.u_reader.awaited_q) > (m_axi_arvalid ? BURST : 0));

        // before the ring
        assert (32'(dut.waiting_q) == waiting && waiting_places <= 31);
        assert (dut.u_waiting.g_memory.room_q == (waiting_places != 31) && dut.u_writer.u_buffer.g_memory.room_q == (buffer_places != 32));
        assert (dut.group_q <= dut.waiting_q && dut.group_q <= 16);

        // of the ring: what is used is somewhere, and fits
        assert (dut.ring_q == '0 || dut.ring_q == 2 * RING);
        assert (used <= dut.ring_q && dut.used_q <= dut.ring_q);
        assert (dut.known_q == (dut.ring_q != '0));
        assert (dut.limit_q < 0 || dut.limit_q == dut.ring_q - 2 * BURST);
        assert (dut.enters_q == (dut.group_q != '0) && (dut.u_cut.g_pair.room_q || dut.u_cut.valid_q));
        assert (dut.past_q == (used == '0) && dut.round_q == !dut.past_q && dut.none_q == (dut.written_q == '0));
        if (dut.fits_q) assert (!dut.begun_q && dut.ring_q - used >= 2 * BURST);
        assert (used[31:1] == 31'(32'(dut.group_q) + cut + packing + unsent + BURST * bursts + claimed + unpacking + read_cut));
        assert (!used[0] && packing <= 3 && unpacking <= 1 && dut.u_writer.flights_q <= 8'd4 && dut.written_q <= 4);

        // the masters' laps
        if (dut.u_writer.busy_q) begin
            assert (dut.known_q && 32'(dut.u_writer.left_q >> 1) + packing + unsent == to_write && to_write <= RING);
            assert (buffered == unsent + 32'(dut.u_writer.words_q) && buffer_places <= 32 && dut.u_writer.words_q <= BURST);
            assert (dut.u_writer.flights_q != '0 || (dut.u_writer.words_q == '0 && !m_axi_awvalid));
        end else assert (to_write == 0 && !m_axi_awvalid && packing == 0 && unsent == 0 && write_quiet && buffered == 0);
        if (dut.u_reader.busy_q) assert (dut.known_q && 32'(dut.u_reader.left_q >> 1) == to_read + claimed + unpacking);
        else assert (to_read == 0 && claimed == 0 && unpacking == 0);
        assert (to_read <= RING);
        if (dut.u_writer.busy_q) assert (!dut.u_writer.left_q[0] && dut.u_writer.wanted_q == (dut.u_writer.left_q != '0));
        assert (dut.u_writer.sending_q == (dut.u_writer.words_q != '0));
        assert (dut.u_writer.flush_q == !dut.u_writer.wanted_q);
        assert (dut.u_writer.u_cut.g_pair.room_q || dut.u_writer.u_cut.valid_q);
        assert (dut.u_reader.u_cut.g_pair.room_q || dut.u_reader.u_cut.valid_q);
        if (dut.u_writer.burst_valid) assert (dut.u_writer.burst_words == BURST && to_write != 0);
        if (dut.u_reader.burst_valid) assert (dut.u_reader.burst_words == BURST && to_read != 0);
        if (dut.u_writer.claims_q) assert (dut.u_writer.busy_q && !dut.u_writer.burst_valid && !dut.u_writer.held_q);
        if (dut.u_writer.held_q) assert (dut.u_writer.burst_valid && unsent >= BURST);
        if (dut.u_reader.burst_valid && dut.u_reader.fits_q) assert (claimed <= 64 - BURST);
        if (dut.u_reader.busy_q) assert (!dut.u_reader.left_q[0]);
        assert (come + 32'(dut.u_reader.awaited_q) == claimed && claimed <= 64 && dut.u_reader.u_words.g_memory.g_ram.count_q <= 63);
        if (m_axi_arvalid) assert (dut.u_reader.busy_q && dut.u_reader.awaited_q >= BURST);
        assert (dut.u_reader.u_words.g_memory.room_q == (dut.u_reader.u_words.g_memory.g_ram.count_q != 63) && dut.u_reader.u_words.g_memory.g_ram.empty_q == (dut.u_reader.u_words.g_memory.g_ram.count_q == '0));
        assert (to_write % BURST == 0 && to_read % BURST == 0);
        if (dut.known_q) assert (base % BURST == 0);
        if (to_write != 0) assert (dut.u_writer.u_bursts.place_q == 31'(base + RING - to_write));
        if (to_read != 0) assert (dut.u_reader.u_bursts.place_q == 31'(base + RING - to_read));

        // the oldest burst that was answered is the one that is asked for
        assert (PLACE'(to_read - to_write) == PLACE'(BURST * bursts));
        if (m_axi_arvalid) assert (dut.written_q != '0 && m_axi_arlen == BURST - 1);
        if (m_axi_awvalid) assert (m_axi_awlen == BURST - 1);
        if (m_axi_rvalid) assert (m_axi_rready);
    end
endmodule

`default_nettype wire
