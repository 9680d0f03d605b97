`default_nettype none
module bad (
    input wire clk, input wire [3:0] a, output logic [3:0] q
);
    (* ram_style = "block" *) logic [3:0] held_q;
    always_ff @(posedge clk) held_q <= a;
    assign q = held_q;
endmodule
`default_nettype wire
