// FIFO between two streams.
//
// Function   out0 repeats in0; exactly DEPTH beats fit, the registered output included.
// Packing    WIDTH bits a beat, opaque.
// Latency    2 cycles from an input beat to the same output beat (1 when DEPTH = 1 or 2).
// II         1, or 2 when DEPTH = 1. in0_ready depends on registers only, so a FIFO cuts both the data and the ready path:
//            the ops of this library end, or begin, in one of two places, or of one where beats have a cycle between them.
// Reset      clears the control; the contents need none.
// Storage    DEPTH = 1 and 2: registers. RAM_STYLE as in sf_ram.sv, but in LUTs up to 33 beats are shift
//            registers.
// Area       (Yosys, xc7) 32 bits: depth 2: 36 LUT, 66 FF; 33: 45 LUT, 40 FF; 129: 140 LUT, 57 FF;
//            1,025 in block RAM: 23 LUT, 34 FF, 2 RAMB18.
`default_nettype none

module sf_fifo #(
    parameter int WIDTH = 8,
    parameter int DEPTH = 2,
    parameter int RAM_STYLE = 0
) (
    input  wire              clk,
    input  wire              rst,         /// synchronous, active high
    input  wire  [WIDTH-1:0] in0_data,
    input  wire              in0_valid,
    output logic             in0_ready,
    output logic [WIDTH-1:0] out0_data,   /// registered
    output logic             out0_valid,  /// registered
    input  wire              out0_ready
);
    localparam int SRL_PLACES = 32;
    localparam int PLACES = DEPTH - 1;  // beats held besides the output register

    if (DEPTH < 1) begin : g_illegal
        $fatal(1, "fifo: DEPTH=%0d must be at least 1", DEPTH);
    end

    wire  [WIDTH-1:0] data_q;
    logic valid_q;
    wire  advance = out0_ready || !valid_q;
    wire  write = in0_valid && in0_ready;

    assign out0_data  = data_q;
    assign out0_valid = valid_q;

    if (DEPTH == 1) begin : g_one
        logic [WIDTH-1:0] front_q;
        assign data_q = front_q;
        assign in0_ready = !valid_q;
        always_ff @(posedge clk) begin
            if (write) front_q <= in0_data;
            if (rst) valid_q <= 1'b0;
            else if (advance) valid_q <= write;
        end
    end else if (DEPTH == 2) begin : g_pair
        localparam bit WIDE = WIDTH > 64;
        logic [WIDTH-1:0] spare_q, front_q;
        logic room_q, full_q;  // opposites: a wide beat's registers do not load the path of its ready
        wire  full = WIDE ? full_q : !room_q;

        assign data_q    = front_q;
        assign in0_ready = room_q;

        always_ff @(posedge clk) begin
            if (advance) front_q <= full ? spare_q : in0_data;
            if (!full) spare_q <= in0_data;
            full_q <= !rst && !advance && (full_q || in0_valid);
            if (rst) begin
                valid_q <= 1'b0;
                room_q  <= 1'b1;
            end else if (advance) begin
                valid_q <= !room_q || in0_valid;
                room_q  <= 1'b1;
            end else if (write) begin
                room_q <= 1'b0;
            end
        end
    end else begin : g_memory
        localparam int ADDR = PLACES > 1 ? $clog2(PLACES) : 1;
        localparam int COUNT = ADDR + 1;
        logic empty, last;  // last: one place is free
        logic room_q;       // known a cycle ahead, so that no path holds both the count and a ready
        wire  read = advance && !empty;
        assign in0_ready = room_q;

        always_ff @(posedge clk) begin
            if (rst) valid_q <= 1'b0;
            else if (advance) valid_q <= !empty;
            room_q <= rst || read || (room_q && !(in0_valid && last));
        end

        if (RAM_STYLE == 0 && PLACES <= SRL_PLACES) begin : g_srl
            // New beats enter at place 0; `tail_q` is the place of the oldest, all ones (-1) when empty.
            logic [ADDR:0] tail_q;

            assign empty = tail_q[ADDR];
            assign last = tail_q == COUNT'(PLACES - 2);

            // Shift registers of one bit each, read together.
            wire  [WIDTH-1:0] oldest;
            logic [WIDTH-1:0] front_q;
            assign data_q = front_q;
            always_ff @(posedge clk) if (advance) front_q <= oldest;
            for (genvar b = 0; b < WIDTH; b++) begin : g_bit
                logic [PLACES-1:0] places_q;
                always_ff @(posedge clk) if (write) places_q <= {places_q[PLACES-2:0], in0_data[b]};
                assign oldest[b] = places_q[tail_q[ADDR-1:0] +: 1];
            end

            wire up = write && !read;
            wire down = read && !write;
            always_ff @(posedge clk) begin
                if (rst) tail_q <= '1;
                else if (up) tail_q <= tail_q + 1'b1;
                else if (down) tail_q <= tail_q - 1'b1;
            end
        end else begin : g_ram
            localparam logic [ADDR-1:0] LAST = ADDR'(PLACES - 1);
            logic [ADDR-1:0] write_addr_q, read_addr_q;
            logic [ADDR:0] count_q;
            logic empty_q;  // known a cycle ahead, too
            wire  [ADDR:0] more = count_q + 1'b1, less = count_q - 1'b1;  // so that no carry waits for `read`

            assign empty = empty_q;
            assign last = count_q == COUNT'(PLACES - 1);

            // In LUTs a free place is written whether a beat comes or not: its many enables wait for nothing.
            sf_ram #(.WIDTH(WIDTH), .WORDS(PLACES), .STYLE(RAM_STYLE)) places (
                .clk, .write(RAM_STYLE == 0 ? room_q : write), .write_addr(write_addr_q), .write_data(in0_data),
                .read(advance), .blank(1'b0), .read_addr(read_addr_q), .data_q
            );

            always_ff @(posedge clk) begin
                if (rst) begin
                    write_addr_q <= '0;
                    read_addr_q  <= '0;
                    count_q      <= '0;
                    empty_q      <= 1'b1;
                end else begin
                    if (write) write_addr_q <= write_addr_q == LAST ? '0 : write_addr_q + 1'b1;
                    if (read) read_addr_q <= read_addr_q == LAST ? '0 : read_addr_q + 1'b1;
                    if (read != write) count_q <= read ? less : more;
                    empty_q <= !write && (empty_q || (advance && count_q == COUNT'(1)));
                end
            end
        end
    end

`ifndef SYNTHESIS
    payload_holds: assert property (@(posedge clk) disable iff (rst)
        out0_valid && !out0_ready |=> out0_valid && $stable(out0_data));
`endif
endmodule

`default_nettype wire
