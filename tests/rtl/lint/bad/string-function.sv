`default_nettype none
module bad #(parameter FILE = "good") (
    input wire a, output wire q
);
    if ($sformatf("%s.mem", FILE) == "good.mem") begin : g_good
        assign q = a;
    end else begin : g_other
        assign q = !a;
    end
endmodule
`default_nettype wire
