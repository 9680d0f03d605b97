// Windows out of columns: KW columns side by side are a window.
//
// Function   in0: for each row of windows COLUMNS columns, left to right; out0: OW windows a row, one a beat.
//            Columns left of the image are zeros because a row starts cleared; right of it zeros are shifted in.
// Packing    in0: pixel ky of the column at ky * WIDTH; out0: pixel (ky, kx) at (ky * KW + kx) * WIDTH.
// Latency    1 cycle from the column that completes a window.
// II         a window needs SW columns, the first of a row KW - PL, one a cycle; they come while the window before
//            waits for its reader's handshake only if that one is taken: K cycles a window at the reader give
//            max(K, SW) and max(K, KW - PL).
// Reset      sets the control.
`default_nettype none

module sf_wideswg_windows #(
    parameter int WIDTH = 8,    // bits of a pixel
    parameter int KH = 3,
    parameter int KW = 3,
    parameter int SW = 1,
    parameter int DX = 1,       // columns from one place of the kernel to the next
    parameter int PL = 1,       // columns of zeros left of the image
    parameter int OW = 8,
    parameter int COLUMNS = 8   // columns that come; zeros follow where windows reach further
) (
    input  wire                    clk,
    input  wire                    rst,         /// synchronous, active high
    input  wire  [   KH*WIDTH-1:0] in0_data,
    input  wire                    in0_valid,
    output logic                   in0_ready,
    output logic [KH*KW*WIDTH-1:0] out0_data,   /// registered
    output logic                   out0_valid,  /// registered
    input  wire                    out0_ready
);
    localparam int RW = (KW - 1) * DX + 1;  // columns of a window, those between its places included
    localparam int FIRST = RW - PL;  // columns of a row's first window
    localparam int TOTAL = FIRST + (OW - 1) * SW;
    localparam int X_BITS = TOTAL > 1 ? $clog2(TOTAL) : 1;
    localparam int MAX_WAIT = FIRST > SW ? FIRST - 1 : SW - 1;
    localparam int WAIT_BITS = MAX_WAIT > 0 ? $clog2(MAX_WAIT + 1) : 1;

    logic [X_BITS-1:0] x_q;
    logic [WAIT_BITS-1:0] wait_q;  // columns to go before the one that completes a window
    wire x_last = x_q == X_BITS'(TOTAL - 1);
    logic first_q, beyond_q;  // the row's first column, one of zeros; kept, not compared each time
    wire beyond = beyond_q;

    logic full_q;
    wire  advance = out0_ready || !full_q;
    wire  step = advance && (in0_valid || beyond);
    assign in0_ready = advance && !beyond;

    always_ff @(posedge clk) begin
        if (rst) begin
            x_q    <= '0;
            wait_q <= WAIT_BITS'(FIRST - 1);
            full_q <= 1'b0;
            first_q <= 1'b1;
            beyond_q <= 1'b0;
        end else begin
            if (step) begin
                first_q <= x_last;
                beyond_q <= !x_last && (beyond_q || x_q == X_BITS'(COLUMNS - 1));
                x_q <= x_last ? '0 : x_q + 1'b1;
                if (x_last) wait_q <= WAIT_BITS'(FIRST - 1);
                else if (wait_q == '0) wait_q <= WAIT_BITS'(SW - 1);
                else wait_q <= wait_q - 1'b1;
            end
            if (advance) full_q <= step && wait_q == '0;
        end
    end

    wire unused = &{1'b0, first_q};  // with one column
    wire [RW-1:0][KH*WIDTH-1:0] window;  // by column, left to right
    for (genvar kx = 0; kx < RW; kx++) begin : g_column
        logic [KH*WIDTH-1:0] column_q;
        if (kx == RW - 1) begin : g_enter
            always_ff @(posedge clk) if (step) column_q <= beyond ? '0 : in0_data;
        end else begin : g_shift
            always_ff @(posedge clk) if (step) column_q <= first_q ? '0 : window[kx+1];
        end
        assign window[kx] = column_q;
    end
    for (genvar ky = 0; ky < KH; ky++) begin : g_y
        for (genvar kx = 0; kx < KW; kx++) begin : g_x
            assign out0_data[(ky*KW+kx)*WIDTH+:WIDTH] = window[kx*DX][ky*WIDTH+:WIDTH];
        end
    end
    assign out0_valid = full_q;

`ifndef SYNTHESIS
    payload_holds: assert property (@(posedge clk) disable iff (rst)
        out0_valid && !out0_ready |=> out0_valid && $stable(out0_data));
`endif
endmodule

`default_nettype wire
