// One lane of thresholding: a binary search among thresholds that are kept as what they are off the middle of their
// neighbours (arithmetic/midpoint.py), beside a search among the few steps of a dip.
//
// Function   v = min(x - start, cap), span: what lies between the neighbours of v. A stage: middle = span / 2 +
//            displacement; v >= middle is a bit of the count, and v and span are those of that half.
//            level = BIAS + count; with DIP_BITS, before the last of the dip's steps, floor + |dip's count - turn|.
// Window     x is told apart from BASE to BASE + LIMIT, counted from the lowest value of the input type.
// Mirror     with MIRRORED, every bit of x is inverted in the rows whose word is 1: what falls rises that way.
// Memories   By slot: of each stage, word row * 2^stage + top bits: displacement - LOWEST of the stage, none of 0 bits;
//            {cap with CAPPED, span, start} of a row; where there is a dip, of each of its stages a step, counted from
//            BASE, X_BITS bits, and {turn, floor} of a row; with MIRRORED a bit of a row, read DIRECT.
// Latency    2 * STAGES + 3 enabled cycles. rows[k]: the row of what came in k cycles ago.
// II         1.
// Reset      none.
`default_nettype none

module sf_thresholding_midpoint #(
    parameter int ROWS = 1,
    parameter int IN_BITS = 8,
    parameter bit SIGNED = 1'b1,
    parameter int STAGES = 1,
    parameter int DIP_BITS = 0,
    parameter int OUT_BITS = 1,
    parameter int BIAS = 0,
    parameter int BASE = 0,
    parameter int LIMIT = 1,
    parameter bit CAPPED = 1'b0,
    parameter bit MIRRORED = 1'b0,
    parameter bit [10*6-1:0] SPAN_BITS = '0,          // of each stage, stage 0 in the low bits
    parameter bit [10*6-1:0] DISPLACEMENT_BITS = '0,
    parameter bit [10*32-1:0] LOWEST = '0,
    parameter bit [31:0] PAIRED = '0,  // bit k: slot k as in sf_rom_late
    parameter int MEMORIES = 1,
    parameter int ROM_ADDR = 1,
    parameter int ROM_WORD = 1,
    localparam int ROW_BITS = ROWS > 1 ? $clog2(ROWS) : 1
) (
    input  wire                                clk,
    input  wire                                en,
    input  wire  [2*STAGES+2:0][ROW_BITS-1:0]  rows,
    input  wire  [               IN_BITS-1:0]  x_in,
    output logic [              OUT_BITS-1:0]  level,  /// registered
    output wire  [     MEMORIES*ROM_ADDR-1:0]  rom_addr,
    input  wire  [     MEMORIES*ROM_WORD-1:0]  rom_data
);
    localparam int X_BITS = $clog2(LIMIT + 2);  // a step of the dip that is never reached is LIMIT + 1
    localparam int V_BITS = 32'(SPAN_BITS[5:0]);
    // The window may reach far beyond the input's type, as what the steps go on to does.
    localparam int FARTHEST = (BASE < 0 ? -BASE : BASE) > LIMIT ? (BASE < 0 ? -BASE : BASE) : LIMIT;
    localparam int OFFSET_BITS = 2 + ($clog2(FARTHEST + 1) > IN_BITS ? $clog2(FARTHEST + 1) : IN_BITS);
    localparam int PAST_BITS = X_BITS > V_BITS ? X_BITS : V_BITS;

    wire [IN_BITS-1:0] x;
    if (MIRRORED) begin : g_mirrored
        assign rom_addr[(MEMORIES-1)*ROM_ADDR+:ROM_ADDR] = ROM_ADDR'(rows[0]);
        assign x = x_in ^ {IN_BITS{rom_data[(MEMORIES-1)*ROM_WORD]}};
    end else begin : g_not_mirrored
        assign x = x_in;
    end

    // Cycle 1: within the window. Cycle 2: beyond the start. Cycle 3: up to the cap.
    wire [IN_BITS-1:0] above_lowest = x ^ (IN_BITS'(SIGNED) << (IN_BITS - 1));
    wire signed [OFFSET_BITS-1:0] code = signed'(OFFSET_BITS'(above_lowest));
    wire below = code < OFFSET_BITS'(BASE);  // beside the difference, not behind it
    wire beyond = code > OFFSET_BITS'(BASE + LIMIT);
    logic [X_BITS-1:0] x_q, past_q;
    logic [V_BITS-1:0] cap_q, span_q;
    wire [X_BITS-1:0] start;
    wire [V_BITS-1:0] cap, span;
    assign rom_addr[STAGES*ROM_ADDR+:ROM_ADDR] = ROM_ADDR'(rows[0]);
    assign {span, start} = rom_data[STAGES*ROM_WORD+:X_BITS+V_BITS];
    if (CAPPED) begin : g_capped
        assign cap = rom_data[STAGES*ROM_WORD+X_BITS+V_BITS+:V_BITS];
    end else begin : g_whole
        assign cap = span;
    end
    wire [X_BITS:0] past = {1'b0, x_q} - {1'b0, start};
    always_ff @(posedge clk)
        if (en) begin
            x_q <= below ? '0 : beyond ? X_BITS'(LIMIT) : X_BITS'(unsigned'(code - OFFSET_BITS'(BASE)));
            past_q <= past[X_BITS] ? '0 : past[X_BITS-1:0];
            {cap_q, span_q} <= {cap, span};
        end

    logic [V_BITS-1:0] v[STAGES+1], between[STAGES+1];  // before stage k
    logic [STAGES-1:0] known[STAGES+1];
    assign v[0] = PAST_BITS'(past_q) > PAST_BITS'(cap_q) ? cap_q : V_BITS'(past_q);
    assign between[0] = span_q;
    assign known[0] = '0;
    for (genvar k = 0; k < STAGES; k++) begin : g_stage
        localparam int BITS = 32'(SPAN_BITS[6*k+:6]);
        localparam int MEM_BITS = 32'(DISPLACEMENT_BITS[6*k+:6]);
        localparam int LOW = int'(LOWEST[32*k+:32]);
        localparam int DEPTH = ROWS << k;
        localparam int ADDR_BITS = DEPTH > 1 ? $clog2(DEPTH) : 1;
        logic [BITS-1:0] v_q, v_qq, between_q, between_qq, middle_q;
        logic [STAGES-1:0] top_q, top_qq;
        wire signed [BITS:0] displacement;
        if (MEM_BITS > 0) begin : g_memory
            wire [MEM_BITS-1:0] word;
            sf_rom_late #(
                .ADDR(ADDR_BITS), .WIDTH(MEM_BITS), .PAIRED(PAIRED[k]), .ROM_ADDR(ROM_ADDR), .ROM_WORD(ROM_WORD)
            ) displacements (
                .clk, .en, .addr(ADDR_BITS'({rows[2*k+2], {k{1'b0}}}) | ADDR_BITS'(known[k])),
                .rom_addr(rom_addr[k*ROM_ADDR+:ROM_ADDR]), .rom_data(rom_data[k*ROM_WORD+:ROM_WORD]), .word
            );
            assign displacement = signed'((BITS + 1)'(word)) + (BITS + 1)'(LOW);
        end else begin : g_constant
            assign displacement = (BITS + 1)'(LOW);
            assign rom_addr[k*ROM_ADDR+:ROM_ADDR] = '0;
        end
        always_ff @(posedge clk)
            if (en) begin
                v_q <= BITS'(v[k]);
                between_q <= BITS'(between[k]);
                top_q <= known[k];
                middle_q <= BITS'({2'b00, between_q[BITS-1:1]} + unsigned'(displacement));
                v_qq <= v_q;
                between_qq <= between_q;
                top_qq <= top_q;
            end
        wire [BITS:0] rest = {1'b0, v_qq} - {1'b0, middle_q};
        wire [BITS-1:0] upper = between_qq - middle_q;
        wire reached = !rest[BITS];
        assign v[k+1] = V_BITS'(reached ? rest[BITS-1:0] : v_qq);
        assign between[k+1] = V_BITS'(reached ? upper : middle_q);
        assign known[k+1] = STAGES'({top_qq, reached});
    end

    if (DIP_BITS > 0) begin : g_dip
        localparam int WAIT = 2 * STAGES + 1 - DIP_BITS;  // cycles from the dip's count to its level
        logic [X_BITS-1:0] step_x[DIP_BITS];
        logic [DIP_BITS-1:0] dipped[DIP_BITS+1];
        assign step_x[0] = x_q;
        assign dipped[0] = '0;
        for (genvar k = 0; k < DIP_BITS; k++) begin : g_step
            localparam int DEPTH = ROWS << k;
            localparam int ADDR_BITS = DEPTH > 1 ? $clog2(DEPTH) : 1;
            localparam int SLOT = STAGES + 1 + k;
            logic [DIP_BITS-1:0] top_q;
            wire [X_BITS-1:0] step;
            sf_rom_late #(
                .ADDR(ADDR_BITS), .WIDTH(X_BITS), .PAIRED(PAIRED[SLOT]), .ROM_ADDR(ROM_ADDR), .ROM_WORD(ROM_WORD)
            ) steps (
                .clk, .en, .addr(ADDR_BITS'({rows[k], {k{1'b0}}}) | ADDR_BITS'(dipped[k])),
                .rom_addr(rom_addr[SLOT*ROM_ADDR+:ROM_ADDR]), .rom_data(rom_data[SLOT*ROM_WORD+:ROM_WORD]), .word(step)
            );
            always_ff @(posedge clk) if (en) top_q <= dipped[k];
            assign dipped[k+1] = DIP_BITS'({top_q, step_x[k] >= step});
            if (k > 0) begin : g_carry
                logic [X_BITS-1:0] carried_q;
                always_ff @(posedge clk) if (en) carried_q <= step_x[k-1];
                assign step_x[k] = carried_q;
            end
        end
        logic [WAIT*DIP_BITS-1:0] waiting_q;
        logic [OUT_BITS-1:0] below_q;
        logic behind_knee_q;
        wire [DIP_BITS-1:0] count = waiting_q[(WAIT-1)*DIP_BITS+:DIP_BITS];
        wire [DIP_BITS-1:0] turn;
        wire [OUT_BITS-1:0] floor_level;
        localparam int TURN = STAGES + 1 + DIP_BITS;
        assign rom_addr[TURN*ROM_ADDR+:ROM_ADDR] = ROM_ADDR'(rows[2*STAGES]);
        assign {turn, floor_level} = rom_data[TURN*ROM_WORD+:DIP_BITS+OUT_BITS];
        always_ff @(posedge clk)
            if (en) begin
                waiting_q <= (WAIT * DIP_BITS)'({waiting_q, dipped[DIP_BITS]});
                below_q <= floor_level + (count < turn ? OUT_BITS'(turn - count) : OUT_BITS'(count - turn));
                behind_knee_q <= &count;
                level <= behind_knee_q ? OUT_BITS'(BIAS + 32'(known[STAGES])) : below_q;
            end
    end else begin : g_count
        always_ff @(posedge clk) if (en) level <= OUT_BITS'(BIAS + 32'(known[STAGES]));
    end
    wire unused = &{1'b0, v[STAGES], between[STAGES], rows, rom_data};
endmodule

`default_nettype wire
