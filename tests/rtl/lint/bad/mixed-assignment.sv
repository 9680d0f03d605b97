`default_nettype none
module bad (
    input wire clk, input wire a, output logic q
);
    always_ff @(posedge clk) begin
        q = 1'b0;
        if (a) q <= 1'b1;
    end
endmodule
`default_nettype wire
