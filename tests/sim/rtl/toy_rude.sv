// A register that breaks the stream protocol on request: FAULT 1 drops valid, 2 changes the payload, 3 sends
// every beat twice, 4 swallows the last beat of every 8, 5 fails an assertion, 6 is correct,
// 7 waits for ready before it is valid.
`default_nettype none
module toy_rude #(
    parameter int WIDTH = 8,
    parameter int FAULT = 6
) (
    input  wire clk,
    input  wire rst,
    input  wire [WIDTH-1:0] in0_data,
    input  wire in0_valid,
    output wire in0_ready,
    output wire [WIDTH-1:0] out0_data,
    output wire out0_valid,
    input  wire out0_ready
);
    logic [WIDTH-1:0] data_q;
    logic valid_q, again_q;
    logic [2:0] count_q;
    wire swallow = FAULT == 4 && count_q == 3'd7;
    wire adv = FAULT == 7 ? out0_ready : !valid_q || (out0_ready && !(FAULT == 3 && !again_q));
    assign in0_ready = adv;
    assign out0_data = data_q;
    assign out0_valid = valid_q;
    always_ff @(posedge clk) begin
        again_q <= !rst && valid_q && out0_ready && !again_q;
        if (rst) begin
            valid_q <= 1'b0;
            count_q <= '0;
        end else begin
            if (adv) valid_q <= in0_valid && !swallow;
            else if (FAULT == 1 && !out0_ready) valid_q <= 1'b0;
            if (in0_valid && in0_ready) count_q <= count_q + 3'd1;
        end
        if (adv) data_q <= in0_data;
        else if (FAULT == 2 && !out0_ready) data_q <= ~data_q;
    end
    assert property (@(posedge clk) disable iff (rst) FAULT == 5 |-> !(in0_valid && in0_data[7:0] == 8'd7))
    else $error("toy_rude: seven is forbidden");
endmodule
`default_nettype wire
