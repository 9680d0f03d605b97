// Each pixel of a frame times a factor of its row and one of its column.
//
// Function   out0 = in0 * ROW_FACTORS[y] * COLUMN_FACTORS[x], element by element. BIPOLAR elements read 1 as +1, 0 as -1.
// Packing    PE elements a beat, element 0 in the low bits; FOLDS beats a pixel, raster order; OUT_BITS hold every product.
// Latency    2 + ROW_BITS / 2 + COLUMN_BITS / 2 cycles.
// II         1.
// Reset      clears the control; the data registers need none.
// Area       (Yosys, xc7) 1 lane of 8 bits, factors of 2 bits, 6 x 6, 16 beats a pixel: 65 LUT, 73 FF; no DSP.
`default_nettype none

module sf_weigh #(
    parameter int PE = 1,
    parameter int BITS = 8,
    parameter bit SIGNED = 1'b0,
    parameter bit BIPOLAR = 1'b0,
    parameter int OUT_BITS = 10,
    parameter int FOLDS = 1,                                /// beats per pixel
    parameter int H = 1, W = 2,
    parameter int ROW_BITS = 1, COLUMN_BITS = 2,             /// of a factor
    parameter logic [H*ROW_BITS-1:0] ROW_FACTORS = 1'd1,    /// that of row 0 in the low bits
    parameter logic [W*COLUMN_BITS-1:0] COLUMN_FACTORS = 4'b0101
) (
    input  wire                    clk,
    input  wire                    rst,         /// synchronous, active high
    input  wire  [    PE*BITS-1:0] in0_data,
    input  wire                    in0_valid,
    output logic                   in0_ready,   /// depends on registers alone
    output logic [PE*OUT_BITS-1:0] out0_data,   /// registered
    output logic                   out0_valid,  /// registered
    input  wire                    out0_ready
);
    localparam int FOLD_BITS = FOLDS > 1 ? $clog2(FOLDS) : 1;
    localparam int X_BITS = W > 1 ? $clog2(W) : 1;
    localparam int Y_BITS = H > 1 ? $clog2(H) : 1;

    localparam int ROW_STAGES = ROW_BITS / 2, STAGES = ROW_STAGES + COLUMN_BITS / 2;
    localparam int VALUE_BITS = BITS < OUT_BITS ? BITS + 1 : OUT_BITS;  // with a sign
    localparam int ROW_OUT = BITS + 1 + ROW_BITS < OUT_BITS ? BITS + 1 + ROW_BITS : OUT_BITS;  // times a row's factor

    logic [FOLD_BITS-1:0] fold_q;
    logic [X_BITS-1:0] x_q;
    logic [Y_BITS-1:0] y_q;
    logic [PE*BITS-1:0] data_q;
    logic [ROW_BITS-1:0] row_q;
    logic [STAGES:0] valid_q;  // one behind each register of the way
    logic [(ROW_STAGES+1)*COLUMN_BITS-1:0] column_q;  // as long as the row's factor is on its way
    logic room;

    wire advance = room || !valid_q[STAGES];
    wire step = advance && in0_valid;
    wire fold_last = fold_q == FOLD_BITS'(FOLDS - 1);
    wire x_last = x_q == X_BITS'(W - 1);
    assign in0_ready = advance;

    always_ff @(posedge clk) begin
        if (rst) {fold_q, x_q, y_q, valid_q} <= '0;
        else begin
            if (advance) valid_q <= (STAGES + 1)'({valid_q, in0_valid});
            if (step) fold_q <= fold_last ? '0 : fold_q + 1'b1;
            if (step && fold_last) x_q <= x_last ? '0 : x_q + 1'b1;
            if (step && fold_last && x_last) y_q <= y_q == Y_BITS'(H - 1) ? '0 : y_q + 1'b1;
        end
        if (advance) begin
            data_q   <= in0_data;
            row_q    <= ROW_FACTORS[y_q*ROW_BITS+:ROW_BITS];
            column_q <= ((ROW_STAGES + 1) * COLUMN_BITS)'({column_q, COLUMN_FACTORS[x_q*COLUMN_BITS+:COLUMN_BITS]});
        end
    end

    wire [PE*OUT_BITS-1:0] products;
    for (genvar p = 0; p < PE; p++) begin : g_lane
        wire [BITS-1:0] raw = data_q[p*BITS+:BITS];
        wire signed [VALUE_BITS-1:0] value = VALUE_BITS'($signed(BIPOLAR ? {!raw[0], BITS'(1)} : {SIGNED && raw[BITS-1], raw}));
        wire signed [ROW_OUT-1:0] by_row;
        wire signed [OUT_BITS-1:0] by_both;
        sf_scale #(.BITS(VALUE_BITS), .FACTOR_BITS(ROW_BITS), .OUT_BITS(ROW_OUT)) rows (
            .clk, .en(advance), .value, .factor(row_q), .product(by_row)
        );
        sf_scale #(.BITS(ROW_OUT), .FACTOR_BITS(COLUMN_BITS), .OUT_BITS(OUT_BITS)) columns (
            .clk, .en(advance), .value(by_row), .factor(column_q[ROW_STAGES*COLUMN_BITS+:COLUMN_BITS]), .product(by_both)
        );
        assign products[p*OUT_BITS+:OUT_BITS] = unsigned'(by_both);
    end

    sf_fifo #(.WIDTH(PE * OUT_BITS), .DEPTH(2)) pair (
        .clk, .rst, .in0_data(products), .in0_valid(valid_q[STAGES]), .in0_ready(room), .out0_data, .out0_valid, .out0_ready
    );

`ifndef SYNTHESIS
    payload_holds: assert property (@(posedge clk) disable iff (rst)
        out0_valid && !out0_ready |=> out0_valid && $stable(out0_data));
`endif
endmodule

`default_nettype wire
