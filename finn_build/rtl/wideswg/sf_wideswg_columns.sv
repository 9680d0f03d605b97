// Columns of windows: for each row of windows the KH pixels of each image column, top to bottom.
//
// Function   in0: frames H x W in raster order, a pixel a beat; out0: for each row of windows COLUMNS columns.
//            Rows above the image are zeros; below it ROWS - H rows of zeros follow, made here.
// Memory     word x holds the latest KH - 1 pixels of column x. A pixel reads it, completes a column, and writes it
//            back without the oldest pixel. In the first row the word read is cleared: those are the rows above.
// Packing    pixel ky at ky * WIDTH.
// Latency    1 cycle. II: ROWS * W cycles a frame.
// Reset      sets the control; the memory needs none.
`default_nettype none

module sf_wideswg_columns #(
    parameter int WIDTH = 8,    // bits of a pixel
    parameter int H = 8,
    parameter int W = 8,
    parameter int KH = 3,
    parameter int SH = 1,
    parameter int PT = 1,       // rows of zeros above the image
    parameter int ROWS = 9,     // rows walked: H, or more where windows reach below the image
    parameter int COLUMNS = 8,  // columns that windows cover
    parameter int RAM_STYLE = 0
) (
    input  wire                 clk,
    input  wire                 rst,         /// synchronous, active high
    input  wire  [   WIDTH-1:0] in0_data,
    input  wire                 in0_valid,
    output logic                in0_ready,
    output logic [KH*WIDTH-1:0] out0_data,   /// registered
    output logic                out0_valid,  /// registered
    input  wire                 out0_ready
);
    localparam int X_BITS = W > 1 ? $clog2(W) : 1;
    localparam int Y_BITS = ROWS > 1 ? $clog2(ROWS) : 1;
    localparam int FIRST_WAIT = KH - 1 - PT;  // rows before the first one that completes windows
    localparam int MAX_WAIT = FIRST_WAIT > SH - 1 ? FIRST_WAIT : SH - 1;
    localparam int WAIT_BITS = MAX_WAIT > 0 ? $clog2(MAX_WAIT + 1) : 1;

    logic [X_BITS-1:0] x_q;
    logic [Y_BITS-1:0] y_q;
    logic [WAIT_BITS-1:0] wait_q;  // rows to go before one that completes windows
    wire x_last = x_q == X_BITS'(W - 1);
    wire y_last = y_q == Y_BITS'(ROWS - 1);
    logic below_q;  // the row is one of zeros; kept, not compared each time
    wire below = below_q;
    wire completes = wait_q == '0 && int'(x_q) < COLUMNS;

    logic valid_q;
    wire  advance = out0_ready || !valid_q;
    wire  step = advance && (in0_valid || below);
    assign in0_ready = advance && !below;

    always_ff @(posedge clk) begin
        if (rst) begin
            x_q    <= '0;
            y_q    <= '0;
            wait_q <= WAIT_BITS'(FIRST_WAIT);
            below_q <= 1'b0;
        end else if (step) begin
            x_q <= x_last ? '0 : x_q + 1'b1;
            if (x_last) begin
                y_q <= y_last ? '0 : y_q + 1'b1;
                below_q <= !y_last && (below_q || y_q == Y_BITS'(H - 1));
                if (y_last) wait_q <= WAIT_BITS'(FIRST_WAIT);
                else if (wait_q == '0) wait_q <= WAIT_BITS'(SH - 1);
                else wait_q <= wait_q - 1'b1;
            end
        end
        if (rst) valid_q <= 1'b0;
        else if (advance) valid_q <= step && completes;
    end

    logic [WIDTH-1:0] pixel_q;
    always_ff @(posedge clk) begin
        if (step) begin
            if (below) pixel_q <= '0;
            else pixel_q <= in0_data;
        end
    end

    if (KH == 1) begin : g_row
        assign out0_data = pixel_q;
    end else begin : g_rows
        wire [(KH-1)*WIDTH-1:0] older_q;
        wire [(KH-1)*WIDTH-1:0] newest = out0_data[WIDTH+:(KH-1)*WIDTH];
        assign out0_data = {pixel_q, older_q};
        if (W == 1) begin : g_registers
            logic [(KH-1)*WIDTH-1:0] column_q;
            assign older_q = column_q;
            always_ff @(posedge clk) begin
                if (step) begin
                    if (y_q == '0) column_q <= '0;
                    else column_q <= newest;
                end
            end
        end else begin : g_memory
            logic [X_BITS-1:0] write_addr_q;
            logic write_q;
            always_ff @(posedge clk) begin
                if (rst) write_q <= 1'b0;
                else if (advance) write_q <= step;
                if (step) write_addr_q <= x_q;
            end
            sf_ram #(.WIDTH((KH - 1) * WIDTH), .WORDS(W), .STYLE(RAM_STYLE)) columns (
                .clk, .write(write_q), .write_addr(write_addr_q), .write_data(newest),
                .read(step), .blank(y_q == '0), .read_addr(x_q), .data_q(older_q)
            );
        end
    end

`ifndef SYNTHESIS
    payload_holds: assert property (@(posedge clk) disable iff (rst)
        out0_valid && !out0_ready |=> out0_valid && $stable(out0_data));
`endif
    assign out0_valid = valid_q;
endmodule

`default_nettype wire
