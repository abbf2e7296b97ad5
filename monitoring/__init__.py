"""Health of models on Azure Machine Learning: pure Python, no Streamlit."""
