"""How many instances a load needs: queueing, replay, autoscale, prices, energy."""
